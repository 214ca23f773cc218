using System.Globalization;
using InferenceServer.Benchmarks.Reports;
using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models.Cpu;

namespace InferenceServer.Benchmarks.DualLayer;

/// <summary>A decode step in which some sequences speak and some think, against one that speaks alone.</summary>
/// <param name="TimeRatio">Median over rounds of its time over that of one sequence that speaks alone.</param>
/// <param name="ByteRatio">The bytes it reads over those of one that speaks alone.</param>
internal sealed record StepCost(int Speaking, int Thinking, long Bytes, double Milliseconds, double TimeRatio, double ByteRatio)
{
    public const int MostSequences = 32;

    private static readonly (int Speaking, int Thinking)[] Kinds = [(1, 0), (0, 1), (1, 1), (1, 7), (1, 31), (8, 0), (0, 8), (32, 0), (0, 32)];

    /// <summary>
    /// 1 = it takes the time its bytes take. Of one thought this is the thought cost: (time of a thought token / time of an
    /// answer token) / (bytes / bytes).
    /// </summary>
    public double TimeOverBytes => TimeRatio / ByteRatio;

    public static StepCost Of(IReadOnlyList<StepCost> costs, int speaking, int thinking) =>
        costs.First(cost => cost.Speaking == speaking && cost.Thinking == thinking);

    /// <summary>Measures all kinds of steps in turns and prints a row for each.</summary>
    /// <param name="decoder">Has pages for <see cref="MostSequences"/> sequences of the context and a row.</param>
    public static IReadOnlyList<StepCost> Measure(CpuDecoder decoder, CpuOptions options, int context, int rounds, int steps)
    {
        var rig = new StepRig(decoder, MostSequences, context + 1); // the decoder is the caller's
        rig.Fill(context);
        var bytes = new StepBytes(decoder.Spec, options);
        var batches = Kinds.Select(kind => rig.Decode(kind.Speaking + kind.Thinking, context, kind.Thinking)).ToList();
        var seconds = Rounds.Interleave(rounds, [.. batches.Select(batch => (Func<double>)(() => rig.Seconds(batch, steps)))]);
        rig.Release();
        var alone = bytes.Decode(1, 0, context + 1);
        var table = new MarkdownTable("weights", "speaking>", "thinking>", "MB a step>", "ms a step>", "tokens/s>", "time over one speaking>", "bytes over one speaking>", "time over bytes>");
        var costs = new List<StepCost>();
        for (var i = 0; i < Kinds.Length; i++)
        {
            var (speaking, thinking) = Kinds[i];
            var read = bytes.Decode(speaking, thinking, context + 1);
            var cost = new StepCost(
                speaking, thinking, read, 1e3 * Statistics.Median(seconds[i]), Statistics.MedianRatio(seconds[i], seconds[0]), read / (double)alone);
            costs.Add(cost);
            table.Row(
                WeightFormats.Name(options.Weights),
                speaking.ToString(CultureInfo.InvariantCulture),
                thinking.ToString(CultureInfo.InvariantCulture),
                MarkdownTable.Number(read / 1e6),
                MarkdownTable.Number(cost.Milliseconds),
                MarkdownTable.Number(1e3 * (speaking + thinking) / cost.Milliseconds),
                cost.TimeRatio.ToString("F3", CultureInfo.InvariantCulture),
                cost.ByteRatio.ToString("F3", CultureInfo.InvariantCulture),
                cost.TimeOverBytes.ToString("F3", CultureInfo.InvariantCulture));
        }

        return costs;
    }
}
