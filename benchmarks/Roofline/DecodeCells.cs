using InferenceServer.Benchmarks.Reports;
using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Benchmarks.Roofline;

/// <summary>A whole model's steps against reading as many bytes as they read.</summary>
/// <param name="Share">Median over rounds of (seconds to read the bytes / seconds of the step).</param>
internal readonly record struct DecodeCell(WeightFormat Format, int Sequences, long Bytes, double Operations, double Seconds, double Share);

/// <summary>Decode steps of a random model; in every round as many bytes are read, on the same threads, and nothing done with them.</summary>
internal static class DecodeCells
{
    public static IReadOnlyList<DecodeCell> Measure(
        DecoderSpec spec, CpuOptions options, IReadOnlyList<int> sequences, int context, int rounds, int steps)
    {
        using var rig = new StepRig(spec, options, sequences.Max(), context + 1);
        rig.Fill(context);
        var bytes = new StepBytes(spec, options);
        var read = sequences.Select(count => bytes.Decode(count, 0, context + 1)).ToArray();
        using var reader = new MemoryReader(read[0], options.Threads);
        var batches = sequences.Select(count => rig.Decode(count, context)).ToArray();
        var cells = batches.Select(batch => (Func<double>)(() => rig.Seconds(batch, steps))).Append(() => 1 / reader.Rate(steps)).ToList();
        var seconds = Rounds.Interleave(rounds, cells);
        var weights = bytes.Layers(spec.AllLayers) + bytes.Head(0);
        var operations = bytes.Operations(spec.AllLayers) + (2.0 * spec.HiddenSize * spec.VocabularySize);
        return
        [
            .. sequences.Select((count, i) => new DecodeCell(
                options.Weights,
                count,
                read[i],
                operations * count,
                Statistics.Median(seconds[i]),
                Statistics.Median(seconds[^1].Zip(seconds[i], (secondsPerByte, step) => read[i] * secondsPerByte / step)))),
        ];
    }
}
