using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Tests.Thinking;
using InferenceServer.Models.Thinking;
using static InferenceServer.Models.Tests.Engine.EngineHarness;

namespace InferenceServer.Models.Tests.Engine;

/// <summary>What a model makes of its prompt: by which head, from which rows, at what price, and the same to the bit whatever happens.</summary>
public class PromptScoreTests
{
    private const int Prompt = 31;
    private const int Top = 4;
    private const int MostTokens = 24;

    private static readonly SamplingOptions Endless = new()
    {
        Bias = new Dictionary<int, float> { [TinySetup.End] = float.NegativeInfinity, [TinySetup.EndOfText] = float.NegativeInfinity },
    };

    public static TheoryData<ThinkingMethod> Methods => [.. Enum.GetValues<ThinkingMethod>().Where(method => method != ThinkingMethod.Bitune)];

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Each_token_has_the_probability_that_one_forward_over_those_before_it_gives(ThinkingMethod method)
    {
        var setup = TinySetup.Of(method);
        using var engine = Create(setup, options: new EngineOptions { MaxRunning = 4, StepRows = 7 });
        var events = await Read(engine.Submit(Long(1)));
        var scores = Assert.IsType<GenerationEvent.PromptScored>(events[0]).Tokens;
        Assert.NotEmpty(events.OfType<GenerationEvent.Token>());

        var prompt = Long(1).Prompt;
        var expected = Forward(setup, prompt);
        Assert.Equal(prompt.Skip(1), scores.Select(score => score.Token));
        for (var row = 0; row < scores.Count; row++)
        {
            var given = prompt[row + 1];
            var allowed = setup.Thinking.Method == ThinkingMethod.QuietStar ? expected[row][..setup.Thinking.BaseVocabularySize] : expected[row];
            var logprobs = Golden.LogSoftmax(allowed);
            Assert.Equal(logprobs[given], scores[row].Logprob, 1e-5);
            Assert.Equal(1 + logprobs.Count(logprob => logprob > logprobs[given]), scores[row].Rank);
            Assert.Equal(logprobs.Index().OrderByDescending(entry => entry.Item).Take(Top).Select(entry => entry.Index), scores[row].Top.Select(top => top.Token));
            // To the bit: a harness asks whether the token given is the likeliest by comparing the two numbers.
            if (scores[row].Rank == 1) Assert.Equal(scores[row].Top[0].Logprob, scores[row].Logprob);
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Chunks_company_a_warm_cache_and_short_memory_change_no_bit(ThinkingMethod method)
    {
        var setup = TinySetup.Of(method);
        var requests = Enumerable.Range(0, 12).Select(i => Long(i % 5) with { PromptLogprobs = i % 3 == 2 ? null : Top, MaxTokens = i % 4 * 8, Seed = (ulong)i, Answering = Endless, Thinking = Endless }).ToList();
        var alone = new List<string>();
        using (var calm = Create(setup, options: new EngineOptions { MaxRunning = 1, StepRows = 512, PrefixCache = false }))
        {
            foreach (var request in requests) alone.Add(Story(await Read(calm.Submit(request))));
        }

        foreach (var rows in new[] { 12, 13, 40, 512 })
        {
            using var engine = Create(setup, options: new EngineOptions { MaxRunning = 12, StepRows = rows });
            Assert.Equal(alone, (await ReadAll(engine, requests)).Select(Story));
            Assert.Equal(alone, (await ReadAll(engine, requests)).Select(Story)); // with every prompt in the cache
            await Idle(engine);
        }

        using var tight = Create(setup, TightFor(setup), new EngineOptions { MaxRunning = 6, StepRows = 8 });
        Assert.Equal(alone, (await ReadAll(tight, requests)).Select(Story));
        await Idle(tight);
        Assert.True(tight.Load.Preemptions > 0, "Nobody had to give memory back: the arena is too large to prove anything.");
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Asking_for_scores_changes_no_token(ThinkingMethod method)
    {
        using var engine = Create(TinySetup.Of(method));
        for (var i = 0; i < 6; i++)
        {
            var asked = await Read(engine.Submit(Long(i)));
            var plain = await Read(engine.Submit(Long(i) with { PromptLogprobs = null }));
            Assert.Equal(Story(plain), Story(asked)[Scores(asked).Length..]);
        }
    }

    [Theory]
    [InlineData(ThinkingMethod.Plain)]
    [InlineData(ThinkingMethod.Tas)]
    [InlineData(ThinkingMethod.QuietStar)]
    public async Task A_prompt_alone_is_read_once_and_shared_afterwards(ThinkingMethod method)
    {
        var rows = 0;
        var heads = 0;
        var setup = TinySetup.Of(method);
        using var engine = Create(setup, wrap: decoder => new WatchedDecoder(decoder, batch =>
        {
            rows += batch.Ops.OfType<RowGroup>().Sum(group => group.Count);
            heads += batch.Ops.OfType<HeadCall>().Count();
        }));
        var request = Long(1) with { MaxTokens = 0 };
        for (var time = 0; time < 2; time++) // also with all of it in the cache: a row that is not run has no head
        {
            (rows, heads) = (0, 0);
            var events = await Read(engine.Submit(request));
            Assert.Equal(2, events.Count);
            var finished = Assert.IsType<GenerationEvent.Finished>(events[1]);
            Assert.Equal((FinishReason.Length, new GenerationUsage(Prompt, 0, 0)), (finished.Reason, finished.Usage));
            Assert.Equal((Prompt - 1, Prompt - 1), (rows, heads));
        }

        var follower = await Read(engine.Submit(request with { PromptLogprobs = null, MaxTokens = 3 }));
        Assert.Equal(28, Assert.IsType<GenerationEvent.Finished>(follower[^1]).Usage.CachedTokens); // whole blocks of four before the last row
        await Idle(engine);
    }

    [Fact]
    public async Task A_step_scores_no_more_rows_than_its_bound()
    {
        var heads = new List<int>();
        var setup = TinySetup.Plain();
        setup = setup with { Spec = setup.Spec with { MaxPositions = 2048 } };
        using var engine = Create(setup, options: new EngineOptions { MaxRunning = 2, StepRows = 4096 }, wrap: decoder => new WatchedDecoder(decoder, batch =>
            heads.Add(batch.Ops.OfType<HeadCall>().Count())));
        var request = Long(1) with { Prompt = [.. Enumerable.Range(0, 700).Select(i => i * i % 25)], MaxTokens = 0 };
        Assert.Equal(699, Assert.IsType<GenerationEvent.PromptScored>((await Read(engine.Submit(request)))[0]).Tokens.Count);
        Assert.Equal([PromptScores.RowsPerStep, PromptScores.RowsPerStep, 699 - (2 * PromptScores.RowsPerStep)], heads);
        await Idle(engine);
        Assert.Equal(0, engine.Load.ChargedPages);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void A_row_is_scored_once_though_its_KV_is_made_again(ThinkingMethod method)
    {
        var asked = new List<int>();
        var setup = TinySetup.Of(method);
        using var decoder = new ReferenceDecoder(setup.Spec, 400, 4);
        var driver = new ProgramDriver(decoder);
        var run = driver.Start(setup, Long(1));
        for (var step = 0; run.Sink.Scores is null; step++)
        {
            asked.Add(driver.Plan(run, 5).Ops.OfType<HeadCall>().Count(call => call.Sample.Given is not null));
            driver.Step(run, 5);
            if (step == 3) run.Evict();
        }

        Assert.Equal(Prompt - 1, asked.Sum());
        run.Memory.Free();
        Assert.Equal(0, decoder.KeptSets);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task A_prompt_of_one_token_has_nothing_to_score(ThinkingMethod method)
    {
        using var engine = Create(TinySetup.Of(method));
        foreach (var tokens in new[] { 0, 2 })
        {
            var events = await Read(engine.Submit(Long(1) with { Prompt = [7], MaxTokens = tokens }));
            Assert.Empty(Assert.IsType<GenerationEvent.PromptScored>(events[0]).Tokens);
            Assert.IsType<GenerationEvent.Finished>(events[^1]);
        }
    }

    [Fact]
    public async Task Bitune_has_no_such_probabilities()
    {
        using var engine = Create(TinySetup.Bitune());
        Assert.IsType<GenerationEvent.Failed>(Assert.Single(await Read(engine.Submit(Long(1)))));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Of_a_whole_text_every_token_drawn_is_told(ThinkingMethod method)
    {
        var setup = TinySetup.Of(method);
        using var engine = Create(setup);
        var ended = 0;
        for (var i = 0; i < 60; i++)
        {
            var request = Long(i) with { ThoughtBudget = 0, WholeText = true, MaxTokens = 1 + i, Answering = new SamplingOptions { Temperature = 1.5f } };
            var events = await Read(engine.Submit(request));
            var tokens = events.OfType<GenerationEvent.Token>().Where(token => token.TokenId is not null).ToList();
            var finished = Assert.IsType<GenerationEvent.Finished>(events[^1]);
            Assert.All(tokens, token => Assert.Equal(TokenChannel.Answer, token.Channel));
            Assert.Equal(tokens.Count, finished.Usage.AnswerTokens);
            if (finished.Reason == FinishReason.Length) Assert.Equal(request.MaxTokens, tokens.Count);
            else Assert.Equal((TinySetup.EndOfText, ""), (tokens[^1].TokenId, tokens[^1].Text));
            ended += finished.Reason == FinishReason.Stop ? 1 : 0;
        }

        Assert.True(ended > 0, "No sequence ended by itself: nothing is proved.");
        await Idle(engine);
    }

    private static GenerationRequest Long(int seed) => new()
    {
        Prompt = [.. Enumerable.Range(0, Prompt).Select(i => ((seed * 3) + (i * i)) % 25)],
        MaxTokens = 6,
        ThoughtBudget = 4,
        Seed = (ulong)seed,
        PromptLogprobs = Top,
    };

    // Room for one whole request and half of another: two are let in, and outgrow it. What ICoT-KD keeps is free by then.
    private static int TightFor(TinySetup setup)
    {
        using var decoder = new ReferenceDecoder(setup.Spec, 1, 4);
        var whole = decoder.Geometry.LayerGroups * decoder.Geometry.PagesFor(Prompt + MostTokens + 6);
        var kept = setup.Thinking.Method == ThinkingMethod.IcotKd ? (3 * Prompt) + (5 * setup.Spec.Layers.Count) : (2 * Prompt) + MostTokens;
        return Math.Max(whole * 3 / 2, whole + (kept / decoder.RowsPerPage)) + 2;
    }

    // Of the last layer's head over all rows at once; ICoT-KD's student alone, in the upper half of its stack.
    private static double[][] Forward(TinySetup setup, IReadOnlyList<int> prompt)
    {
        using var decoder = new ReferenceDecoder(setup.Spec, 400, 4);
        var harness = new DecoderHarness(decoder);
        var kd = setup.Thinking.Method == ThinkingMethod.IcotKd;
        var range = kd ? new LayerRange(setup.Spec.Layers.Count / 2, setup.Spec.Layers.Count) : setup.Spec.AllLayers;
        var rows = new TokenRows(prompt.ToArray(), kd ? 1 : 0);
        return harness.Logprobs(new RowGroup(harness.Table(prompt.Count), range, 0, rows, RowMask.Causal, RowGroup.NoAdapter, null));
    }
}
