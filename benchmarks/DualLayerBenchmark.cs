using System.Diagnostics;
using System.Globalization;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using Microsoft.Extensions.Logging.Abstractions;

namespace InferenceServer.Benchmarks;

/// <summary>
/// A TaS model of 110 million weights that thinks at half its depth: (1) time of a step by the rows that think and speak in
/// it, (2) layer-token executions of a request, which must be k·(n+m+1) below k while thinking and (L−k)·(n+m+1) above it
/// in the catch-up, (3) throughput of the engine with many at once against one at a time.
/// </summary>
internal static class DualLayerBenchmark
{
    private const int Vocabulary = 32_000;
    private const int End = 0;
    private const int EndOfText = 1;
    private const int Context = 64; // positions before the row of a step
    private const int Prompt = 32;
    private const int Thoughts = 16;
    private const int Answers = 16;
    private const int Concurrent = 128;

    /// <summary>0, or 1 if the work counted is not the arithmetic's.</summary>
    public static int Run(Options options)
    {
        var layers = options.Number("--layers", 12);
        var model = RandomModel.Llama(layers, options.Number("--hidden", 768), options.Number("--heads", 12), Vocabulary, 512);
        var spec = model with { Heads = [model.Heads[0], model.Heads[0] with { Name = "thinking_head" }], Cuts = [layers / 2] };
        var pages = KvGeometry.For(spec).LayerGroups * Concurrent * KvGeometry.For(spec).PagesFor(Context + 64);
        var cpu = new CpuOptions { Threads = options.Number("--threads", 0), Weights = options.Choice<WeightFormat>("--weights") ?? WeightFormat.BF16 };
        using var decoder = new CpuDecoder(spec, pages, cpu);
        Console.WriteLine(decoder.Description);
        Console.WriteLine($"{layers} layers, thinks after {layers / 2}; load of the machine: {Load()}");
        Steps(decoder, options);
        return Requests(decoder, options.Number("--most", Concurrent));
    }

    private static void Steps(CpuDecoder decoder, Options options)
    {
        var rounds = options.Number("--rounds", 9);
        int[] sizes = [1, 8, 32];
        string[] kinds = ["thinking", "speaking", "mixed"];
        var medians = kinds.Select(_ => new double[sizes.Length]).ToArray();
        Console.WriteLine("\nms a step, median (best); mixed: half the rows think, half speak\n rows        thinking        speaking           mixed");
        for (var size = 0; size < sizes.Length; size++)
        {
            var rows = sizes[size];
            var batches = ((int[])[rows, 0, rows / 2]).Select(thinking => Batch(decoder, thinking, rows)).ToArray();
            var times = Interleave(decoder, batches, rounds);
            Console.Write($"{rows,5}");
            for (var kind = 0; kind < kinds.Length; kind++)
            {
                var absent = rows == 1 && kind == 2;
                medians[kind][size] = absent ? double.NaN : times[kind][rounds / 2];
                Console.Write(absent ? $"{"-",16}" : string.Create(CultureInfo.InvariantCulture, $"{$"{times[kind][rounds / 2]:F1} ({times[kind][0]:F1})",16}"));
            }

            Console.WriteLine();
        }

        BarChart.Write(options, () => BarChart.Svg(
            "A decode step by what its rows do", "ms a step, by rows", [.. sizes.Select(rows => $"{rows}")], [.. kinds.Zip(medians)]));
    }

    /// <summary>Sorted times of each batch in ms; the batches take turns, so that the machine's moods touch all alike.</summary>
    private static double[][] Interleave(CpuDecoder decoder, StepBatch[] batches, int rounds)
    {
        var times = batches.Select(_ => new double[rounds]).ToArray();
        for (var round = -1; round < rounds; round++)
        {
            for (var i = 0; i < batches.Length; i++)
            {
                var start = Stopwatch.GetTimestamp();
                decoder.Run(batches[i]);
                if (round >= 0) times[i][round] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }
        }

        foreach (var sorted in times) Array.Sort(sorted);
        foreach (var head in batches.SelectMany(batch => batch.Ops.OfType<HeadCall>())) decoder.Release(head.From.Rows);
        return times;
    }

    private static StepBatch Batch(CpuDecoder decoder, int thinking, int rows) =>
        new([.. Enumerable.Range(0, rows).SelectMany(i => Row(decoder, i, i < thinking))]);

    // One sequence's part of a decode step: its token through its range, and its head.
    private static StepOp[] Row(CpuDecoder decoder, int index, bool thinks)
    {
        var geometry = decoder.Geometry;
        var table = new KvTable(index, geometry);
        var count = geometry.PagesFor(Context + 1);
        for (var group = 0; group < geometry.LayerGroups; group++)
        {
            for (var page = 0; page < count; page++) table.MutablePages(group).Add((((index * geometry.LayerGroups) + group) * count) + page);
        }

        table.Commit(decoder.Spec.AllLayers, Context);
        var range = thinks ? new LayerRange(0, decoder.Spec.Cuts[0]) : decoder.Spec.AllLayers;
        var rows = new Rows(index);
        return
        [
            new RowGroup(table, range, Context, new TokenRows(new[] { 2 + index }), RowMask.Causal, RowGroup.NoAdapter, new Keep(rows, 0, 0, 1)),
            new HeadCall(thinks ? 1 : 0, new RowRef(rows, 0), SampleSpec.Greedy),
        ];
    }

    private static int Requests(CpuDecoder inner, int most)
    {
        var decoder = new CountingDecoder(inner);
        var thinking = new ThinkingBlock { Method = ThinkingMethod.Tas, ThinkingLayer = decoder.Spec.Cuts[0], ThoughtEndTokenId = End, MaxThoughtTokens = Thoughts };
        var model = new EngineModel("random", decoder.Spec, thinking, new HashSet<int> { EndOfText }, () => new NoText());
        using var engine = new InferenceEngine(decoder, model, new EngineOptions { MaxRunning = Concurrent, PrefixCache = false }, NullLogger.Instance);

        Finish(engine, 1);
        decoder.Reset();
        Finish(engine, 1);
        var equal = Work(decoder);

        Console.WriteLine($"\n{Prompt} prompt, {Thoughts} thought and {Answers} answer tokens a request\n at once   tokens/s    against one   passes over a layer a token");
        var alone = 0.0;
        for (var count = 1; count <= most; count = count == 1 ? 8 : count * 4)
        {
            decoder.Reset();
            var start = Stopwatch.GetTimestamp();
            var tokens = Finish(engine, count);
            var speed = tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (count == 1) alone = speed;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{count,8}{speed,11:F1}{speed / alone,14:F2}x{decoder.LayerPasses / (double)tokens,20:F2}"));
        }

        Console.WriteLine($"load of the machine: {Load()}");
        return equal ? 0 : 1;
    }

    private static bool Work(CountingDecoder decoder)
    {
        var (k, all) = (decoder.Spec.Cuts[0], decoder.Spec.Layers.Count);
        var read = Prompt + Thoughts + 1; // n + m + 1: the end marker is read too
        var rows = new (string Name, long Counted, long Expected)[]
        {
            ("thinking, k(n+m+1)", decoder.Executions(new LayerRange(0, k)), k * read),
            ("catch-up, (L-k)(n+m+1)", decoder.Executions(new LayerRange(k, all)), (all - k) * read),
            ("speaking, L(a-1)", decoder.Executions(decoder.Spec.AllLayers), all * (Answers - 1)),
        };
        Console.WriteLine($"\nlayer-token executions of one request, n = {Prompt}, m = {Thoughts}, a = {Answers}, k = {k}, L = {all}");
        foreach (var (name, counted, expected) in rows)
            Console.WriteLine($"  {name,-24}{counted,8} counted{expected,8} expected{(counted == expected ? "" : "   WRONG")}");
        return rows.All(row => row.Counted == row.Expected);
    }

    /// <summary>Runs this many requests to their end; returns the tokens they generated.</summary>
    private static int Finish(InferenceEngine engine, int count)
    {
        var never = new SamplingOptions { Bias = new Dictionary<int, float> { [End] = float.NegativeInfinity, [EndOfText] = float.NegativeInfinity } };
        var generations = Enumerable.Range(0, count).Select(i => engine.Submit(new GenerationRequest
        {
            Prompt = [.. Enumerable.Range(0, Prompt).Select(j => 2 + (((i * Prompt) + j) % (Vocabulary - 2)))],
            MaxTokens = Thoughts + Answers,
            ThoughtBudget = Thoughts,
            Seed = (ulong)i,
            Thinking = never,
            Answering = never,
        })).ToList();
        return generations.Sum(generation => generation.Events.ReadAllAsync().ToBlockingEnumerable()
            .Select(last => last is GenerationEvent.Failed failed ? throw new InvalidOperationException(failed.Message) : last)
            .OfType<GenerationEvent.Finished>().Single().Usage.CompletionTokens);
    }

    private static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Trim() : "unknown";

    private sealed class NoText : IDetokenizer
    {
        public string Append(int id) => ".";

        public string Flush() => "";
    }
}
