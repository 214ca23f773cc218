using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>What TaS promises about numbers and work (arXiv 2409.12059).</summary>
public class TasTests
{
    private static readonly int[] Prompt = [3, 14, 15, 9, 2, 6, 5];

    public static TheoryData<int, int, bool> Models()
    {
        var data = new TheoryData<int, int, bool>();
        for (var seed = 1; seed <= 2; seed++)
        {
            for (var layer = 1; layer <= 4; layer++)
            {
                data.Add(seed, layer, false);
                data.Add(seed, layer, true);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Two_passes_equal_one_forward_over_question_thought_end_and_answer(int seed, int layer, bool gpt2)
    {
        var setup = TinySetup.Tas(seed, layer, gpt2);
        var run = Generate(setup, Request(seed));
        int[] thought = [.. run.Sink.Thought];
        int[] answer = [.. run.Sink.Answer];
        Assert.NotEmpty(answer);
        int[] all = [.. Prompt, .. thought, TinySetup.End, .. answer];

        using var decoder = new ReferenceDecoder(setup.Spec, 100, 4);
        var harness = new DecoderHarness(decoder);
        var speaking = harness.Logprobs(harness.Prompt(all));
        var thinking = harness.Logprobs(harness.Prompt(all) with { Range = new LayerRange(0, layer) }, head: 1);
        for (var i = 0; i < answer.Length; i++)
            Assert.Equal((float)speaking[Prompt.Length + thought.Length + i][answer[i]], Emitted(run, TokenChannel.Answer, i).Logprob);
        for (var i = 0; i < thought.Length; i++)
            Assert.Equal((float)thinking[Prompt.Length - 1 + i][thought[i]], Emitted(run, TokenChannel.Thought, i).Logprob);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public void With_all_layers_and_the_last_head_thinking_is_ordinary_greedy_decoding(int seed, bool gpt2)
    {
        var tas = TinySetup.Tas(seed, 4, gpt2);
        tas = tas with { Spec = tas.Spec with { Heads = [tas.Spec.Heads[0], tas.Spec.Heads[0]] } };
        var greedy = Request(seed) with { Thinking = SamplingOptions.Greedy, Answering = SamplingOptions.Greedy, MaxTokens = 12, ThoughtBudget = 12 };
        var plain = Generate(TinySetup.Plain(seed, gpt2), greedy);
        Assert.Equal(plain.Sink.Answer.TakeWhile(token => token != TinySetup.End), Generate(tas, greedy).Sink.Thought);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Upper_layers_and_the_answer_head_never_reach_the_thought(int layer)
    {
        var setup = TinySetup.Tas(1, layer);
        var other = TinySetup.Base(99, gpt2: false);
        var changed = setup with
        {
            Spec = setup.Spec with
            {
                Layers = [.. setup.Spec.Layers.Take(layer), .. other.Layers.Skip(layer)],
                Heads = [other.Heads[0], setup.Spec.Heads[1]],
            },
        };
        var before = Generate(setup, Request(4)).Sink.Tokens;
        var after = Generate(changed, Request(4)).Sink.Tokens;
        Assert.Equal(before.Where(IsThought), after.Where(IsThought));
        Assert.NotEqual(before.Where(token => !IsThought(token)), after.Where(token => !IsThought(token)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void The_thinking_head_never_reaches_the_answer_to_a_given_thought(int layer)
    {
        var setup = TinySetup.Tas(1, layer);
        var changed = setup with { Spec = setup.Spec with { Heads = [setup.Spec.Heads[0], TinySetup.Tas(7, layer).Spec.Heads[1]] } };
        var request = Request(4) with { Thought = [1, 2, 3] };
        Assert.Equal(Generate(setup, request).Sink.Tokens, Generate(changed, request).Sink.Tokens);
        // The other head does think otherwise, where there is anything to think at all.
        Assert.Contains(
            Enumerable.Range(1, 8),
            seed => !Generate(setup, Request(seed)).Sink.Thought.SequenceEqual(Generate(changed, Request(seed)).Sink.Thought));
    }

    [Theory]
    [InlineData(1, int.MaxValue, false)]
    [InlineData(2, 3, false)]
    [InlineData(3, 1, false)]
    [InlineData(2, 2, true)]
    [InlineData(4, 3, false)]
    public void No_layer_runs_twice_for_a_token_and_thoughts_stay_below(int layer, int budget, bool supplied)
    {
        var setup = TinySetup.Tas(1, layer);
        using var decoder = new ReferenceDecoder(setup.Spec, 200, 4);
        var driver = new ProgramDriver(decoder);
        var request = Request(2) with { ThoughtBudget = 5, Thought = supplied ? [8, 7, 6, 5] : null };
        var run = driver.Start(setup, request);
        while (run.Program.ThoughtClosedBy is null) driver.Step(run, budget);
        var thoughts = supplied ? 4 : run.Sink.Thought.Count();

        // END is not fed yet: the thought closes by itself, the next step feeds it.
        if (!supplied) Assert.Equal(Work(layer, Prompt.Length + thoughts - (run.Program.ThoughtClosedBy == ThoughtClosedBy.Budget ? 1 : 0), 0), decoder.RowsRun);
        driver.Finish(run, budget);
        var fed = Prompt.Length + thoughts + 1 + run.Sink.Answer.Count() - (run.Program.Finish == FinishReason.Length ? 1 : 0);
        Assert.Equal(Work(layer, fed, fed), decoder.RowsRun);
    }

    [Fact]
    public void Thoughts_off_runs_question_and_end_once_through_everything()
    {
        var setup = TinySetup.Tas();
        using var decoder = new ReferenceDecoder(setup.Spec, 200, 4);
        var run = new ProgramDriver(decoder).Generate(setup, Request(1) with { ThoughtBudget = 0, MaxTokens = 1, Answering = NoEnd });
        Assert.Empty(run.Sink.Thought);
        Assert.Equal(ThoughtClosedBy.Off, run.Program.ThoughtClosedBy);
        Assert.Equal(Work(2, Prompt.Length + 1, Prompt.Length + 1), decoder.RowsRun);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void The_budget_is_exact_and_the_thinking_head_rests_once_it_is_spent(int budget)
    {
        var setup = TinySetup.Tas();
        using var decoder = new ReferenceDecoder(setup.Spec, 200, 4);
        var driver = new ProgramDriver(decoder);
        var run = driver.Start(setup, Request(1) with { ThoughtBudget = budget, MaxTokens = 40, Thinking = NoEnd });
        var thinkingHeads = 0;
        while (!run.Done)
        {
            thinkingHeads += driver.Plan(run, int.MaxValue).Ops.OfType<HeadCall>().Count(call => call.Head == 1);
            driver.Step(run);
        }

        Assert.Equal(budget, run.Sink.Thought.Count());
        Assert.Equal(budget, thinkingHeads);
        Assert.Equal(ThoughtClosedBy.Budget, run.Program.ThoughtClosedBy);
    }

    [Fact]
    public void A_supplied_thought_answers_as_the_same_thought_generated()
    {
        var setup = TinySetup.Tas();
        for (var seed = 1; seed <= 10; seed++)
        {
            var generated = Generate(setup, Request(seed));
            var supplied = Generate(setup, Request(seed) with { Thought = [.. generated.Sink.Thought] });
            var length = Math.Min(generated.Sink.Answer.Count(), supplied.Sink.Answer.Count());
            Assert.Equal(generated.Sink.Tokens.Where(token => !IsThought(token)).Take(length), supplied.Sink.Tokens.Take(length));
            Assert.Equal(ThoughtClosedBy.Supplied, supplied.Program.ThoughtClosedBy);
        }
    }

    [Fact]
    public void How_thoughts_are_sampled_moves_no_draw_of_the_answer()
    {
        var setup = TinySetup.Tas();
        var request = Request(5) with { Thought = [4, 4, 4], Thinking = new SamplingOptions { Temperature = 2 } };
        var expected = Generate(setup, request).Sink.Tokens;
        Assert.Equal(expected, Generate(setup, request with { Thinking = SamplingOptions.Greedy, ThoughtBudget = 3 }).Sink.Tokens);

        // The stream is the answer's own: the draws' names say so at every step.
        using var decoder = new ReferenceDecoder(setup.Spec, 200, 4);
        var driver = new ProgramDriver(decoder);
        var run = driver.Start(setup, Request(5) with { Choice = 3 });
        var draws = new List<(int Head, uint Stream, uint Index)>();
        while (!run.Done)
        {
            draws.AddRange(driver.Plan(run, 99).Ops.OfType<HeadCall>().Select(call => (call.Head, call.Sample.Stream, call.Sample.Index)));
            driver.Step(run, 99);
        }

        Assert.All(draws.Where(draw => draw.Head == 1).Select((draw, i) => (draw, i)), item => Assert.Equal((1, 6u, (uint)item.i), item.draw));
        Assert.All(draws.Where(draw => draw.Head == 0).Select((draw, i) => (draw, i)), item => Assert.Equal((0, 7u, (uint)item.i), item.draw));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public void Max_tokens_bounds_thoughts_and_answer_together(int maxTokens)
    {
        var run = Generate(TinySetup.Tas(), Request(1) with { MaxTokens = maxTokens, ThoughtBudget = 4, Thinking = NoEnd, Answering = NoEnd });
        Assert.Equal(maxTokens, run.Sink.Tokens.Count);
        Assert.Equal(Math.Min(4, maxTokens), run.Sink.Thought.Count());
        Assert.Equal(FinishReason.Length, run.Program.Finish);
    }

    [Theory]
    [InlineData(TinySetup.EndOfText)]
    [InlineData(TinySetup.End)]
    public void End_of_sequence_inside_a_thought_ends_the_thought_as_its_own_marker_does(int ending)
    {
        var setup = TinySetup.Tas();
        var only = new SamplingOptions { Temperature = 0, Bias = new Dictionary<int, float> { [ending] = 1000 } };
        var run = Generate(setup, Request(1) with { Thinking = only });
        var off = Generate(setup, Request(1) with { ThoughtBudget = 0 });
        Assert.Empty(run.Sink.Thought);
        Assert.Equal(ThoughtClosedBy.Model, run.Program.ThoughtClosedBy);
        Assert.Equal(off.Sink.Tokens, run.Sink.Tokens);
    }

    [Fact]
    public void A_begin_marker_is_fed_before_the_first_thought()
    {
        var setup = TinySetup.Tas();
        var marked = setup with { Thinking = setup.Thinking with { ThoughtBeginTokenId = 11 } };
        var written = Generate(setup, Request(1) with { Prompt = [.. Prompt, 11] });
        Assert.Equal(written.Sink.Tokens, Generate(marked, Request(1)).Sink.Tokens);
    }

    [Fact]
    public void A_generation_cancelled_anywhere_repeats_itself_when_tried_again()
    {
        var setup = TinySetup.Tas();
        using var decoder = new ReferenceDecoder(setup.Spec, 200, 4);
        var driver = new ProgramDriver(decoder);
        var expected = driver.Generate(setup, Request(3)).Sink.Tokens;
        for (var steps = 0; steps < 25; steps++)
        {
            var cancelled = driver.Start(setup, Request(3));
            for (var i = 0; i < steps && !cancelled.Done; i++)
            {
                driver.Step(cancelled, 2);
                var table = cancelled.Memory.Tables[0];
                Assert.True(table.Length(new LayerRange(0, 2)) >= table.Length(new LayerRange(2, 4)));
            }

            Assert.Equal(expected.Take(cancelled.Sink.Tokens.Count), cancelled.Sink.Tokens);
            cancelled.Memory.Free();
            Assert.Equal(0, driver.Ledger.UsedPages);
            Assert.Equal(0, decoder.KeptSets);
            Assert.Equal(expected, driver.Generate(setup, Request(3), 3).Sink.Tokens);
        }
    }

    private static SamplingOptions NoEnd { get; } = new()
    {
        Bias = new Dictionary<int, float> { [TinySetup.End] = float.NegativeInfinity, [TinySetup.EndOfText] = float.NegativeInfinity },
    };

    private static GenerationRequest Request(int seed) => new() { Prompt = Prompt, MaxTokens = 16, ThoughtBudget = 6, Seed = (ulong)seed };

    private static ProgramRun Generate(TinySetup setup, GenerationRequest request)
    {
        using var decoder = new ReferenceDecoder(setup.Spec, 200, 4);
        return new ProgramDriver(decoder).Generate(setup, request);
    }

    private static bool IsThought(EmittedToken token) => token.Channel == TokenChannel.Thought;

    private static EmittedToken Emitted(ProgramRun run, TokenChannel channel, int index) =>
        run.Sink.Tokens.Where(token => token.Channel == channel).ElementAt(index);

    private static long[] Work(int layer, long lower, long upper) => [.. Enumerable.Range(0, 4).Select(i => i < layer ? lower : upper)];
}
