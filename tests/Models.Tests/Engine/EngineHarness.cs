using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Tests.Thinking;
using InferenceServer.Models.Thinking;
using Microsoft.Extensions.Logging.Abstractions;

namespace InferenceServer.Models.Tests.Engine;

/// <summary>What tests of the loop share: an engine on a tiny model, requests of all sizes, readers of events.</summary>
internal static class EngineHarness
{
    public static GenerationRequest Request(int i) => new()
    {
        Prompt = [.. Enumerable.Range(0, 1 + (i * 5 % 17)).Select(j => ((i / 3 * 7) + (j * 5)) % 25)],
        MaxTokens = 3 + (i % 8),
        ThoughtBudget = 4,
        Seed = (ulong)i,
    };

    /// <summary>An engine on the reference decoder, four positions a page.</summary>
    public static InferenceEngine Create(
        TinySetup setup,
        int pages = 400,
        EngineOptions? options = null,
        Func<IDecoder, IDecoder>? wrap = null,
        Func<IDetokenizer>? detokenizer = null)
    {
        IDecoder decoder = new ReferenceDecoder(setup.Spec, pages, 4);
        return On(wrap is null ? decoder : wrap(decoder), setup, options, detokenizer);
    }

    public static InferenceEngine On(IDecoder decoder, TinySetup setup, EngineOptions? options = null, Func<IDetokenizer>? detokenizer = null) => new(
        decoder,
        Model(setup, detokenizer),
        options ?? new EngineOptions { MaxRunning = 16, StepRows = 24 },
        NullLogger.Instance);

    /// <summary>The setup as the engine takes it, for the engine's own model or another of the same spec.</summary>
    public static EngineModel Model(TinySetup setup, Func<IDetokenizer>? detokenizer = null) =>
        new("tiny", setup.Spec, setup.Thinking, setup.EndOfSequence, detokenizer ?? (() => new LetterDetokenizer())) { Adapters = setup.Adapters };

    /// <summary>All events that still stand at the end.</summary>
    public static async Task<List<GenerationEvent>> Read(Generation generation)
    {
        var events = new List<GenerationEvent>();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await foreach (var item in generation.Events.ReadAllAsync(limit.Token))
        {
            if (item is GenerationEvent.Restarted restarted) events.RemoveAll(old => old is GenerationEvent.Token token && token.Channel == restarted.Channel);
            else events.Add(item);
        }

        return events;
    }

    public static async Task<List<GenerationEvent>[]> ReadAll(InferenceEngine engine, IEnumerable<GenerationRequest> requests)
    {
        var generations = requests.Select(engine.Submit).ToList();
        return await Task.WhenAll(generations.Select(Read));
    }

    public static IEnumerable<int> Tokens(IEnumerable<GenerationEvent> events, TokenChannel channel) =>
        events.OfType<GenerationEvent.Token>().Where(token => token.Channel == channel && token.TokenId is not null).Select(token => token.TokenId!.Value);

    /// <summary>
    /// A whole generation in one line, to compare: every token with the bits of its log-probability, and how it ended. What it
    /// found in the prefix cache depends on its company, and is left out.
    /// </summary>
    public static string Story(IReadOnlyList<GenerationEvent> events)
    {
        var finished = Assert.IsType<GenerationEvent.Finished>(events[^1]);
        var tokens = events.OfType<GenerationEvent.Token>()
            .Select(token => $"{token.Channel}:{token.TokenId}:{BitConverter.SingleToInt32Bits(token.Logprob):x8}:{BitConverter.SingleToInt32Bits(token.Mix):x8}");
        return $"{Scores(events)} {string.Join(' ', tokens)} {finished.Reason} {finished.ThoughtClosedBy} {finished.Usage with { CachedTokens = 0 }}";
    }

    /// <summary>What the model made of the prompt, to the bit; empty where nobody asked. Told once, before any token.</summary>
    public static string Scores(IReadOnlyList<GenerationEvent> events)
    {
        if (events.OfType<GenerationEvent.PromptScored>().SingleOrDefault() is not { } scored) return "";
        Assert.Same(scored, events[0]);
        return string.Join(' ', scored.Tokens.Select(token =>
            $"{token.Token}:{token.Rank}:{BitConverter.SingleToInt32Bits(token.Logprob):x8}:{string.Join(',', token.Top.Select(top => $"{top.Token}={BitConverter.SingleToInt32Bits(top.Logprob):x8}"))}"));
    }

    /// <summary>Nothing runs and nothing is held. The engine checks its own books when it falls idle.</summary>
    public static async Task Idle(InferenceEngine engine)
    {
        for (var i = 0; i < 500 && (engine.Load.Running > 0 || engine.Load.Waiting > 0 || engine.Load.UsedPages != engine.Load.CachedPages); i++) await Task.Delay(10);
        Assert.Equal((0, 0, 0), (engine.Unfinished, engine.Load.Running, engine.Load.Waiting));
        Assert.Equal(engine.Load.CachedPages, engine.Load.UsedPages);
        Assert.Null(engine.Unhealthy);
    }
}
