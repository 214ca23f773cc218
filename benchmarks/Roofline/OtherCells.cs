using InferenceServer.Benchmarks.Reports;
using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Benchmarks.Roofline;

/// <summary>
/// What a step does beside its products. Attention and the head are measured through whole steps, as the difference of two
/// that are alike in all but that.
/// </summary>
internal static class OtherCells
{
    /// <summary>A row of the table: what, median seconds, bytes read and operations of it.</summary>
    internal readonly record struct Cell(string Name, double Seconds, double Bytes, double Operations);

    /// <summary>
    /// One sequence over a long context against one over a short one, and a prompt of one sequence against as many rows of
    /// many. Its layers have this shape's heads but hardly any weights.
    /// </summary>
    public static IEnumerable<Cell> Attention(LlamaShape shape, CpuOptions options, int context, int rounds, int steps)
    {
        const int Short = 16;
        const int Layers = 4;
        var wide = RandomModel.Llama(shape with { Layers = Layers, Mlp = 32, Vocabulary = 32_000 }, positions: context + 1);
        var many = context / Short;
        using var rig = new StepRig(wide, options, many, context + 1);
        rig.Fill(context);
        var (longDecode, shortDecode) = (rig.Decode(1, context), rig.Decode(1, Short));
        var (prompt, prompts) = (rig.Prefill(context), rig.Prefill(Short, many));
        var seconds = Rounds.Interleave(
            rounds,
            [
                () => rig.Seconds(longDecode, steps),
                () => rig.Seconds(shortDecode, steps),
                () => rig.Seconds(prompt, 1),
                () => rig.Seconds(prompts, 1),
            ]);
        var kv = new StepBytes(wide, options);
        // Two multiply-adds a position, head and dimension: the score and the value.
        var operations = 4.0 * Layers * shape.Hidden;
        yield return new(
            $"attention, decode after {context}", Difference(seconds, 0), kv.Kv(wide.AllLayers, context - Short), operations * (context - Short));
        yield return new(
            $"attention, prompt of {context}", Difference(seconds, 2), kv.Kv(wide.AllLayers, context), operations * 0.5 * context * (context - Short));
    }

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

    private static double Difference(double[][] seconds, int first) => Statistics.Median(seconds[first].Zip(seconds[first + 1], (more, less) => more - less));
}
