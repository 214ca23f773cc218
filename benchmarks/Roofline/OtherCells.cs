using InferenceServer.Benchmarks.Reports;
using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Benchmarks.Roofline;

/// <summary>The head and sampling, through whole steps that do nothing else.</summary>
internal static class OtherCells
{
    /// <summary>A row of the table: what, median seconds, bytes read and operations of it.</summary>
    internal readonly record struct Cell(string Name, double Seconds, double Bytes, double Operations);

    /// <summary>The head and sampling of rows that are there.</summary>
    public static IEnumerable<Cell> Heads(LlamaShape shape, CpuOptions options, int rounds, int steps)
    {
        var spec = RandomModel.Llama(shape with { Layers = 1, Mlp = 32 });
        using var rig = new StepRig(spec, options, 32, 16);
        rig.Decoder.Run(rig.Decode(32, 0));
        var drawn = new SampleSpec { Temperature = 1, TopP = 0.9f, Seed = 1 };
        (string Name, int Rows, SampleSpec Sample)[] cells =
        [
            ("head and greedy sampling, 1 row", 1, SampleSpec.Greedy),
            ("head and top-p sampling, 1 row", 1, drawn),
            ("head and greedy sampling, 32 rows", 32, SampleSpec.Greedy),
        ];
        var seconds = Rounds.Interleave(rounds, [.. cells.Select(cell =>
        {
            var batch = rig.Heads(cell.Rows, cell.Sample);
            return (Func<double>)(() => rig.Seconds(batch, steps));
        })]);
        var bytes = new StepBytes(spec, options).Head(0);
        for (var i = 0; i < cells.Length; i++)
        {
            yield return new(
                $"{cells[i].Name}, {WeightFormats.Name(options.Weights)}", Statistics.Median(seconds[i]), bytes, 2.0 * shape.Hidden * shape.Vocabulary * cells[i].Rows);
        }
    }
}
