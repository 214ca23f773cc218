using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Tests.Thinking;
using InferenceServer.Models.Thinking;
using static InferenceServer.Models.Tests.Engine.EngineHarness;

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
        using var engine = Create(setup, pages: pages);
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
        using var engine = Create(TinySetup.Of(method), options: new EngineOptions { MaxRunning = 3, StepRows = 4 });
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
        using var engine = Create(setup, wrap: decoder => new FaultyDecoder(decoder));
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
        using var engine = Create(setup, detokenizer: () => made++ < 2 ? new BrokenDetokenizer() : new LetterDetokenizer());
        Assert.IsType<GenerationEvent.Failed>((await Read(engine.Submit(Request(1))))[^1]);
        Assert.IsType<GenerationEvent.Finished>((await Read(engine.Submit(Request(1))))[^1]);
        await Idle(engine);
    }

    [Fact]
    public async Task What_can_never_fit_is_refused_with_a_reason_and_a_full_queue_says_so()
    {
        using var engine = Create(TinySetup.Plain(), pages: 8, options: new EngineOptions { MaxRunning = 1, MaxWaiting = 1, StepRows = 1 });
        var failed = Assert.IsType<GenerationEvent.Failed>((await Read(engine.Submit(Request(1) with { MaxTokens = 200 })))[^1]);
        Assert.Contains("Ask for fewer tokens", failed.Message, StringComparison.Ordinal);

        using var slow = Create(TinySetup.Plain(), options: new EngineOptions { MaxRunning = 1, MaxWaiting = 1, StepRows = 1 }, wrap: decoder => new WatchedDecoder(decoder, _ => Thread.Sleep(5)));
        var accepted = new[] { slow.Submit(Request(1)), slow.Submit(Request(2)) };
        Assert.Throws<EngineBusyException>(() => slow.Submit(Request(3)));
        foreach (var generation in accepted) Assert.IsType<GenerationEvent.Finished>((await Read(generation))[^1]);
    }

    [Fact]
    public async Task Answer_now_reaches_a_thinking_sequence_and_only_that()
    {
        using var engine = Create(TinySetup.Tas(), wrap: decoder => new WatchedDecoder(decoder, _ => Thread.Sleep(5)));
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
        var engine = Create(TinySetup.Plain(), wrap: decoder => new WatchedDecoder(decoder, _ => Thread.Sleep(5)), options: new EngineOptions { MaxRunning = 2, StepRows = 2 });
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
        using var engine = Create(setup);
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

    private sealed class BrokenDetokenizer : IDetokenizer
    {
        public string Append(int id) => "a";

        public string Flush() => throw new InvalidOperationException("No end.");
    }
}
