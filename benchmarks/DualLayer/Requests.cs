using System.Diagnostics;
using System.Globalization;
using InferenceServer.Benchmarks.Reports;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using Microsoft.Extensions.Logging.Abstractions;

namespace InferenceServer.Benchmarks.DualLayer;

/// <param name="Prompt">Tokens, as are the others.</param>
internal readonly record struct RequestSize(int Prompt, int Thoughts, int Answers)
{
    /// <summary>The end of the thought, the end of a page and one to spare.</summary>
    public int Positions => Prompt + Thoughts + Answers + KvGeometry.DefaultPageTokens + 2;
}

/// <summary>Whole requests through the engine: by TaS, and by the same stack thinking aloud in full depth.</summary>
internal sealed class Requests : IDisposable
{
    private const int End = 0;
    private const int EndOfText = 1;

    private readonly CountingDecoder _decoder;
    private readonly RequestSize _size;
    private readonly int _most;
    private readonly EngineModel _thinking;
    private readonly EngineModel _aloud;
    private readonly InferenceEngine _engine;

    public Requests(CpuDecoder inner, RequestSize size, int most)
    {
        (_decoder, _size, _most) = (new CountingDecoder(inner), size, most);
        var block = new ThinkingBlock { Method = ThinkingMethod.Tas, ThinkingLayer = inner.Spec.Cuts[0], ThoughtEndTokenId = End };
        _thinking = new EngineModel("tas", inner.Spec, block, new HashSet<int> { EndOfText }, () => new NoText());
        _aloud = _thinking with { Name = "aloud", Thinking = new ThinkingBlock() };
        _engine = new InferenceEngine(_decoder, _thinking, new EngineOptions { MaxRunning = most, PrefixCache = false }, NullLogger.Instance);
    }

    /// <summary>Prints layer-token executions of a request; false where they are not the arithmetic's.</summary>
    public bool CountWork()
    {
        Finish(_thinking, 1);
        _decoder.Reset();
        Finish(_thinking, 1);
        var (k, all) = (_decoder.Spec.Cuts[0], _decoder.Spec.Layers.Count);
        var read = _size.Prompt + _size.Thoughts + 1; // n + m + 1: the end marker is read too
        var rows = new (string Name, long Counted, long Expected)[]
        {
            ("thinking, k(n+m+1)", _decoder.Executions(new LayerRange(0, k)), k * read),
            ("catch-up, (L-k)(n+m+1)", _decoder.Executions(new LayerRange(k, all)), (all - k) * read),
            ("speaking, L(a-1)", _decoder.Executions(_decoder.Spec.AllLayers), all * (_size.Answers - 1)),
        };
        Console.WriteLine($"\nLayer-token executions of one request, n = {_size.Prompt}, m = {_size.Thoughts}, a = {_size.Answers}, k = {k}, L = {all}:");
        var table = new MarkdownTable("work", "counted>", "expected>");
        foreach (var (name, counted, expected) in rows)
            table.Row(name, $"{counted}", counted == expected ? $"{expected}" : $"{expected} WRONG");
        return rows.All(row => row.Counted == row.Expected);
    }

    /// <summary>TaS and thinking aloud in turns: as many tokens of prompt, thought and answer, on the same weights.</summary>
    public void AgainstThinkingAloud(int rounds)
    {
        Console.WriteLine($"\nRequests of {_size.Prompt} prompt, {_size.Thoughts} thought and {_size.Answers} answer tokens, ms (median of {rounds}); aloud: thoughts through all layers");
        var table = new MarkdownTable("at once>", "what", "first thought (TTFT)>", "first answer (TTFOT)>", "thought token>", "answer token>", "whole>");
        foreach (var count in (int[])[1, Math.Min(8, _most)])
        {
            var (tas, aloud) = (new List<Times>(), new List<Times>());
            for (var round = -1; round < rounds; round++)
            {
                var (first, second) = round % 2 == 0 ? (_thinking, _aloud) : (_aloud, _thinking);
                var (one, other) = (Finish(first, count), Finish(second, count));
                if (round < 0) continue;
                tas.Add(first == _thinking ? one : other);
                aloud.Add(first == _thinking ? other : one);
            }

            Func<Times, double>[] columns =
            [
                times => times.FirstThought, times => times.FirstAnswer, times => times.Thought, times => times.Answer, times => times.Whole,
            ];
            foreach (var (name, list) in new[] { ("TaS", tas), ("aloud", aloud) })
                table.Row([$"{count}", name, .. columns.Select(column => MarkdownTable.Number(1e3 * Statistics.Median(list.Select(column))))]);
            table.Row(
            [
                $"{count}", "aloud over TaS", .. columns.Select(column => Statistics.MedianRatio([.. aloud.Select(column)], [.. tas.Select(column)]).ToString("F2", CultureInfo.InvariantCulture)),
            ]);
        }
    }

    /// <summary>Throughput of many requests at once against one.</summary>
    public void ManyAtOnce()
    {
        var table = new MarkdownTable("requests at once>", "tokens/s>", "against one>", "passes over a layer a token>");
        var alone = 0.0;
        for (var count = 1; count <= _most; count = count == 1 ? 8 : count * 4)
        {
            _decoder.Reset();
            var start = Stopwatch.GetTimestamp();
            Finish(_thinking, count);
            var tokens = count * (_size.Thoughts + _size.Answers);
            var speed = tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (count == 1) alone = speed;
            table.Row($"{count}", MarkdownTable.Number(speed), MarkdownTable.Number(speed / alone), MarkdownTable.Number(_decoder.LayerPasses / (double)tokens));
        }
    }

    /// <summary>Ends the engine and with it the decoder.</summary>
    public void Dispose() => _engine.Dispose();

    /// <summary>Runs so many requests to their end; medians over them.</summary>
    private Times Finish(EngineModel model, int count)
    {
        var never = new SamplingOptions { Temperature = 0, Bias = new Dictionary<int, float> { [End] = float.NegativeInfinity, [EndOfText] = float.NegativeInfinity } };
        var start = Stopwatch.GetTimestamp();
        var generations = Enumerable.Range(0, count).Select(i => _engine.Submit(
            new GenerationRequest
            {
                Prompt = [.. Enumerable.Range(0, _size.Prompt).Select(j => 2 + (((i * _size.Prompt) + j) % (_decoder.Spec.VocabularySize - 2)))],
                MaxTokens = _size.Thoughts + _size.Answers,
                ThoughtBudget = model == _thinking ? _size.Thoughts : null,
                Seed = (ulong)i,
                Thinking = never,
                Answering = never,
            },
            model)).ToList();
        var times = Task.WhenAll(generations.Select(generation => Read(generation, start))).GetAwaiter().GetResult();
        return new Times(
            Statistics.Median(times.Select(one => one.FirstThought)),
            Statistics.Median(times.Select(one => one.FirstAnswer)),
            Statistics.Median(times.Select(one => one.Thought)),
            Statistics.Median(times.Select(one => one.Answer)),
            times.Max(one => one.Whole));
    }

    private async Task<Times> Read(Generation generation, long start)
    {
        var at = new List<double>();
        await foreach (var next in generation.Events.ReadAllAsync())
        {
            if (next is GenerationEvent.Failed failed) throw new InvalidOperationException(failed.Message);
            if (next is GenerationEvent.Token) at.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        var (thoughts, answers) = (_size.Thoughts, _size.Answers);
        return at.Count == thoughts + answers
            ? new Times(at[0], at[thoughts], (at[thoughts - 1] - at[0]) / (thoughts - 1), (at[^1] - at[thoughts]) / (answers - 1), at[^1])
            : throw new InvalidOperationException($"{at.Count} tokens came where {thoughts + answers} were asked for.");
    }

    /// <summary>Seconds since the request, and seconds a token.</summary>
    private readonly record struct Times(double FirstThought, double FirstAnswer, double Thought, double Answer, double Whole);

    private sealed class NoText : IDetokenizer
    {
        public string Append(int id) => ".";

        public string Flush() => "";
    }
}
