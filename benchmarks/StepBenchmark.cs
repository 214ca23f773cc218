using System.Diagnostics;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Benchmarks;

/// <summary>
/// Whole steps of the CPU engine on a random model: microseconds per decoded token of one sequence, sampling
/// included, and tokens per second of a 512-token prompt. Best and median, because a shared machine only adds time.
/// </summary>
internal static class StepBenchmark
{
    private const int Prompt = 512;

    public static void Run(Options options)
    {
        var spec = RandomModel.Llama(
            options.Number("--layers", 6),
            options.Number("--hidden", 128),
            options.Number("--heads", 4),
            options.Number("--vocabulary", 1000),
            2 * Prompt);
        var weights = options.Choice<WeightFormat>("--weights") ?? WeightFormat.F32;
        var cpu = new CpuOptions { Threads = options.Number("--threads", 0), Weights = weights };
        using var decoder = new CpuDecoder(spec, 2 * Prompt / KvGeometry.DefaultPageTokens, cpu);
        var table = new KvTable(0, decoder.Geometry);
        for (var page = 0; page < decoder.PageCount; page++) table.MutablePages(0).Add(page);
        Console.WriteLine(decoder.Description);

        var group = new RowGroup(
            table,
            spec.AllLayers,
            0,
            new TokenRows(new int[Prompt]),
            RowMask.Causal,
            RowGroup.NoAdapter,
            new Keep(new Rows(0), 0, Prompt - 1, 1));
        var head = new HeadCall(0, new RowRef(new Rows(0), 0), SampleSpec.Greedy);
        var decode = group with { Start = 64, In = new TokenRows(new int[1]), Keep = new Keep(new Rows(0), 0, 0, 1) };
        var rounds = options.Number("--rounds", 5);
        var prefill = Measure(() => decoder.Run(new StepBatch([group, head])), rounds);
        Console.WriteLine(
            $"prefill {Prompt}: best {Prompt / prefill.Best:F0}, median {Prompt / prefill.Median:F0} tokens/s, "
            + $"{Prompt / prefill.Processor:F0} per CPU second");
        var token = Measure(() => decoder.Run(new StepBatch([decode, head])), 100 * rounds);
        Console.WriteLine(
            $"decode: best {token.Best * 1e6:F0}, median {token.Median * 1e6:F0} µs/token, {token.Processor * 1e6:F0} µs of CPU time");
    }

    /// <summary>Seconds: the best, the median, and the mean of processor time, which a neighbour does not add to.</summary>
    private static (double Best, double Median, double Processor) Measure(Action action, int rounds)
    {
        var times = new double[rounds];
        action();
        var processor = Environment.CpuUsage.TotalTime;
        for (var round = 0; round < rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            times[round] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        Array.Sort(times);
        return (times[0], times[rounds / 2], (Environment.CpuUsage.TotalTime - processor).TotalSeconds / rounds);
    }
}
