using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Tests.Thinking;
using InferenceServer.Models.Thinking;
using Microsoft.Extensions.Logging.Abstractions;

namespace InferenceServer.Models.Tests.Engine;

/// <summary>The real loop with its thread: company, cancellation, faults, commands and the end.</summary>
public class EngineTests
{
    // A token that a sampled answer may hold would set off a fault nobody meant.
    private static readonly Dictionary<int, float> NoFaults = new()
    {
        [FaultyDecoder.Throws] = float.NegativeInfinity,
        [FaultyDecoder.NotFinite] = float.NegativeInfinity,
    };

    [Theory]
    [InlineData(ThinkingMethod.Plain, 400)]
    [InlineData(ThinkingMethod.Tas, 400)]
    [InlineData(ThinkingMethod.Tas, 40)]
    [InlineData(ThinkingMethod.Bitune, 60)]
    [InlineData(ThinkingMethod.IcotKd, 60)]
    [InlineData(ThinkingMethod.QuietStar, 40)]
    [InlineData(ThinkingMethod.Tpo, 30)]
    public async Task Many_at_once_equal_each_alone_even_when_memory_is_short(ThinkingMethod method, int pages)
    {
        var setup = TinySetup.Of(method);
        var requests = Enumerable.Range(0, 24).Select(Request).ToList();
        using var calm = new ReferenceDecoder(setup.Spec, 400, 4);
        var alone = requests.Select(request => new ProgramDriver(calm).Generate(setup, request)).ToList();
        using var engine = Engine(setup, pages: pages);
        var together = await Task.WhenAll(requests.Select(request => Read(engine.Submit(request))));
        for (var i = 0; i < requests.Count; i++)
        {
            foreach (var channel in Enum.GetValues<TokenChannel>())
                Assert.Equal(alone[i].Sink.Tokens.Where(token => token.Channel == channel).Select(token => token.Token), Tokens(together[i], channel));
            var finished = Assert.IsType<GenerationEvent.Finished>(together[i][^1]);
            Assert.Equal(alone[i].Program.Finish, finished.Reason);
            Assert.Equal(Tokens(together[i], TokenChannel.Thought).Count(), finished.Usage.ThoughtTokens);
            Assert.Equal(Tokens(together[i], TokenChannel.Answer).Count(), finished.Usage.AnswerTokens);
        }

        await Idle(engine);
    }

    [Theory]
    [InlineData(ThinkingMethod.Tas)]
    [InlineData(ThinkingMethod.Bitune)]
    [InlineData(ThinkingMethod.QuietStar)]
    public async Task Cancelled_at_any_moment_nothing_stays_behind(ThinkingMethod method)
    {
        using var engine = Engine(TinySetup.Of(method), options: new EngineOptions { MaxRunning = 3, StepRows = 4 });
        for (var events = 0; events < 12; events++)
        {
            var generations = Enumerable.Range(0, 5).Select(i => engine.Submit(Request(i) with { MaxTokens = 12 })).ToList();
            for (var i = 0; i < events && await generations[0].Events.WaitToReadAsync(); i++) generations[0].Events.TryRead(out _);
            foreach (var generation in generations) generation.Cancel();
            foreach (var generation in generations)
            {
                var all = await Read(generation);
                if (all.Count > 0) Assert.IsType<GenerationEvent.Finished>(all[^1]);
            }
        }

        await Idle(engine);
    }

    [Theory]
    [InlineData(FaultyDecoder.Throws)]
    [InlineData(FaultyDecoder.NotFinite)]
    public async Task A_broken_sequence_fails_alone(int fault)
    {
        var setup = TinySetup.Tas();
        var good = Enumerable.Range(0, 6).Select(Request).Where(request => !request.Prompt.Contains(fault)).ToList();
        var options = new SamplingOptions { Bias = NoFaults };
        good = [.. good.Select(request => request with { Answering = options, Thinking = options })];
        using var calm = new ReferenceDecoder(setup.Spec, 400, 4);
        var alone = good.Select(request => new ProgramDriver(calm).Generate(setup, request).Sink.Thought.ToArray()).ToList();
        using var engine = Engine(setup, wrap: decoder => new FaultyDecoder(decoder));
        var bad = Request(3) with { Prompt = [1, 2, 3, fault] };
        var running = good.SelectMany(request => new[] { engine.Submit(request), engine.Submit(bad) }).ToList();
        for (var i = 0; i < running.Count; i++)
        {
            var events = await Read(running[i]);
            if (i % 2 == 0) Assert.Equal(alone[i / 2], Tokens(events, TokenChannel.Thought));
            if (i % 2 == 0) Assert.IsType<GenerationEvent.Finished>(events[^1]);
            else Assert.IsType<GenerationEvent.Failed>(events[^1]);
        }

        await Idle(engine);
    }

    [Fact]
    public async Task A_detokenizer_that_throws_fails_its_own_sequence_and_the_engine_goes_on()
    {
        var setup = TinySetup.Plain() with { EndOfSequence = new HashSet<int>() };
        var made = 0;
        // A sequence takes two detokenizers, the first sequence the broken ones.
        using var engine = Engine(setup, detokenizer: () => made++ < 2 ? new BrokenDetokenizer() : new LetterDetokenizer());
        Assert.IsType<GenerationEvent.Failed>((await Read(engine.Submit(Request(1))))[^1]);
        Assert.IsType<GenerationEvent.Finished>((await Read(engine.Submit(Request(1))))[^1]);
        await Idle(engine);
    }

    [Fact]
    public async Task What_can_never_fit_is_refused_with_a_reason_and_a_full_queue_says_so()
    {
        using var engine = Engine(TinySetup.Plain(), pages: 8, options: new EngineOptions { MaxRunning = 1, MaxWaiting = 1, StepRows = 1 });
        var failed = Assert.IsType<GenerationEvent.Failed>((await Read(engine.Submit(Request(1) with { MaxTokens = 200 })))[^1]);
        Assert.Contains("Ask for fewer tokens", failed.Message, StringComparison.Ordinal);

        using var slow = Engine(TinySetup.Plain(), options: new EngineOptions { MaxRunning = 1, MaxWaiting = 1, StepRows = 1 }, wrap: decoder => new SlowDecoder(decoder));
        var accepted = new[] { slow.Submit(Request(1)), slow.Submit(Request(2)) };
        Assert.Throws<EngineBusyException>(() => slow.Submit(Request(3)));
        foreach (var generation in accepted) Assert.IsType<GenerationEvent.Finished>((await Read(generation))[^1]);
    }

    [Fact]
    public async Task Answer_now_reaches_a_thinking_sequence_and_only_that()
    {
        using var engine = Engine(TinySetup.Tas(), wrap: decoder => new SlowDecoder(decoder));
        var never = new SamplingOptions { Bias = new Dictionary<int, float> { [TinySetup.End] = float.NegativeInfinity, [TinySetup.EndOfText] = float.NegativeInfinity } };
        var generation = engine.Submit(Request(2) with { ThoughtBudget = 60, MaxTokens = 64, Thinking = never, Thought = null });
        Assert.True(await generation.SendAsync(new ProgramCommand.AnswerNow()));
        var finished = Assert.IsType<GenerationEvent.Finished>((await Read(generation))[^1]);
        Assert.Equal(ThoughtClosedBy.Command, finished.ThoughtClosedBy);
        Assert.False(await generation.SendAsync(new ProgramCommand.AnswerNow()));
    }

    [Fact]
    public async Task Disposed_while_running_everyone_is_told()
    {
        var engine = Engine(TinySetup.Plain(), wrap: decoder => new SlowDecoder(decoder), options: new EngineOptions { MaxRunning = 2, StepRows = 2 });
        var generations = Enumerable.Range(0, 5).Select(i => engine.Submit(Request(i) with { MaxTokens = 100 })).ToList();
        engine.Dispose();
        foreach (var generation in generations)
        {
            var last = (await Read(generation))[^1];
            Assert.True(last is GenerationEvent.Failed or GenerationEvent.Finished);
            Assert.False(await generation.SendAsync(new ProgramCommand.AnswerNow()));
            generation.Cancel();
        }

        Assert.Throws<ObjectDisposedException>(() => engine.Submit(Request(1)));
        engine.Dispose();
    }

    [Fact]
    public async Task A_stop_string_ends_the_answer_even_with_the_last_token_allowed()
    {
        var setup = TinySetup.Plain() with { EndOfSequence = new HashSet<int>() };
        using var engine = Engine(setup);
        var request = Request(1) with { MaxTokens = 5 };
        int[] free;
        do
        {
            // An answer that says nothing twice: the stop string then stands at its end only.
            request = request with { Seed = request.Seed + 1 };
            free = [.. Tokens(await Read(engine.Submit(request)), TokenChannel.Answer)];
        }
        while (free.Distinct().Count() < free.Length);

        var stop = ((char)('a' + free[3])).ToString() + (char)('a' + free[4]);
        var events = await Read(engine.Submit(request with { Stop = [stop] }));
        var finished = Assert.IsType<GenerationEvent.Finished>(events[^1]);
        Assert.Equal((FinishReason.Stop, stop), (finished.Reason, finished.StopString));
        Assert.Equal(free.Take(3), Tokens(events, TokenChannel.Answer));
        Assert.Equal(3, finished.Usage.AnswerTokens);
    }

    private static GenerationRequest Request(int i) => new()
    {
        Prompt = [.. Enumerable.Range(0, 1 + (i * 5 % 17)).Select(j => ((i / 3 * 7) + (j * 5)) % 25)],
        MaxTokens = 3 + (i % 8),
        ThoughtBudget = 4,
        Seed = (ulong)i,
    };

    private static InferenceEngine Engine(
        TinySetup setup,
        int pages = 400,
        EngineOptions? options = null,
        Func<IDecoder, IDecoder>? wrap = null,
        Func<IDetokenizer>? detokenizer = null)
    {
        IDecoder decoder = new ReferenceDecoder(setup.Spec, pages, 4);
        return new InferenceEngine(
            wrap is null ? decoder : wrap(decoder),
            new EngineModel("tiny", setup.Spec, setup.Thinking, setup.EndOfSequence, detokenizer ?? (() => new LetterDetokenizer())),
            options ?? new EngineOptions { MaxRunning = 16, StepRows = 24 },
            NullLogger.Instance);
    }

    /// <summary>All events that still stand at the end.</summary>
    private static async Task<List<GenerationEvent>> Read(Generation generation)
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

    private static IEnumerable<int> Tokens(IEnumerable<GenerationEvent> events, TokenChannel channel) =>
        events.OfType<GenerationEvent.Token>().Where(token => token.Channel == channel && token.TokenId is not null).Select(token => token.TokenId!.Value);

    // The engine checks its own books when it falls idle.
    private static async Task Idle(InferenceEngine engine)
    {
        for (var i = 0; i < 500 && engine.Load.UsedPages != engine.Load.CachedPages; i++) await Task.Delay(10);
        Assert.Equal(0, engine.Unfinished);
        Assert.Equal(engine.Load.CachedPages, engine.Load.UsedPages);
        Assert.Null(engine.Unhealthy);
    }

    private sealed class BrokenDetokenizer : IDetokenizer
    {
        public string Append(int id) => "a";

        public string Flush() => throw new InvalidOperationException("No end.");
    }

    private sealed class SlowDecoder(IDecoder inner) : IDecoder
    {
        public DecoderSpec Spec => inner.Spec;

        public KvGeometry Geometry => inner.Geometry;

        public int PageCount => inner.PageCount;

        public int RowsPerPage => inner.RowsPerPage;

        public StepResult Run(StepBatch batch)
        {
            Thread.Sleep(5);
            return inner.Run(batch);
        }

        public void CopyPages(ReadOnlySpan<(int From, int To)> pages) => inner.CopyPages(pages);

        public void Release(Rows rows, int below = int.MaxValue) => inner.Release(rows, below);

        public void Dispose() => inner.Dispose();
    }
}
