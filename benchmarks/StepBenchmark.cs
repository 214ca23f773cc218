using System.Diagnostics;
using InferenceServer.Benchmarks.Synthetic;
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

    public static readonly Command Command = new(
        "step",
        "whole steps of a random model of any size",
        [
            ("--layers N", "(6)"),
            ("--hidden N", "width; the MLP is 8/3 as wide (128)"),
            ("--heads N", "(4)"),
            ("--vocabulary N", "(1000)"),
            Command.Formats,
            Command.Kv,
            Command.Rounds,
            Command.Threads,
            Command.Path,
        ],
        Run);

    private static int Run(Options options)
    {
        var (hidden, heads) = (options.Number("--hidden", 128), options.Number("--heads", 4));
        var shape = new LlamaShape(
            "step", options.Number("--layers", 6), hidden, hidden * 8 / 3 / 32 * 32, heads, heads, options.Number("--vocabulary", 1000), Tied: true);
        var spec = RandomModel.Llama(shape, positions: 2 * Prompt);
        foreach (var weights in options.Formats(WeightFormat.F32))
            Measure(spec, options.Cpu(weights), options.Number("--rounds", 5));
        return 0;
    }

    private static void Measure(DecoderSpec spec, CpuOptions cpu, int rounds)
    {
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
