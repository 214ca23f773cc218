using FsCheck;
using FsCheck.Fluent;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Tests.Constraints;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>The same request gives the same tokens, whatever happens around it and to it.</summary>
public class DeterminismTests
{
    [Theory]
    [InlineData(ThinkingMethod.Plain)]
    [InlineData(ThinkingMethod.Tas)]
    [InlineData(ThinkingMethod.Bitune)]
    [InlineData(ThinkingMethod.IcotSi)]
    [InlineData(ThinkingMethod.IcotKd)]
    [InlineData(ThinkingMethod.QuietStar)]
    [InlineData(ThinkingMethod.Tpo)]
    public void Budgets_abandoned_steps_and_evictions_leave_no_trace_in_the_tokens(ThinkingMethod method)
    {
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(25),
            Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
            {
                var sample = Sample(seed);
                var setup = TinySetup.Of(method, 1 + (sample.Request % 3), gpt2: sample.Request % 2 == 1);
                var request = Request(sample.Request) with { PromptLogprobs = method != ThinkingMethod.Bitune && sample.Request % 2 == 0 ? 2 : null };
                using var calm = new ReferenceDecoder(setup.Spec, 200, 4);
                var expected = new ProgramDriver(calm).Generate(setup, request);

                using var rough = new ReferenceDecoder(setup.Spec, 200, 4);
                var driver = new ProgramDriver(rough);
                var run = driver.Start(setup, request);
                foreach (var fate in sample.Fate)
                {
                    if (run.Done) break;
                    Suffer(driver, run, fate);
                }

                driver.Finish(run, 1 + (sample.Request % 7));
                Assert.Equal(expected.Sink.Tokens, run.Sink.Tokens);
                SinkRecord.AssertSame(expected.Sink.Scores, run.Sink.Scores);
                Assert.Equal(expected.Program.Finish, run.Program.Finish);
                Assert.Equal(expected.Program.ThoughtClosedBy, run.Program.ThoughtClosedBy);
                run.Memory.Free();
                Assert.Equal(0, driver.Ledger.UsedPages);
                Assert.Equal(0, rough.KeptSets);
            }));
    }

    [Theory]
    [InlineData(ThinkingMethod.Plain)]
    [InlineData(ThinkingMethod.Tas)]
    [InlineData(ThinkingMethod.Bitune)]
    [InlineData(ThinkingMethod.IcotSi)]
    [InlineData(ThinkingMethod.IcotKd)]
    [InlineData(ThinkingMethod.QuietStar)]
    [InlineData(ThinkingMethod.Tpo)]
    public void Sequences_merged_into_one_batch_do_not_touch_each_other(ThinkingMethod method)
    {
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(8),
            Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
            {
                var sample = Sample(seed);
                var setup = TinySetup.Of(method, 1 + (sample.Request % 3));
                using var decoder = new ReferenceDecoder(setup.Spec, 600, 4);
                var driver = new ProgramDriver(decoder);
                var scored = method == ThinkingMethod.Bitune ? (int?)null : 2;
                var requests = Enumerable.Range(0, 4).Select(i => Request((byte)(sample.Request + (37 * i))) with { PromptLogprobs = i % 2 == 0 ? scored : null }).ToList();
                var expected = requests.Select(request => driver.Generate(setup, request).Sink).ToList();

                var runs = requests.Select(request => driver.Start(setup, request)).ToList();
                for (var step = 0; runs.Exists(run => !run.Done); step++)
                {
                    var fate = step < sample.Fate.Length ? sample.Fate[step] : step % 5;
                    var together = runs.Where((run, i) => !run.Done && ((fate >> i) % 2 == 0 || step >= sample.Fate.Length)).ToList();
                    if (together.Count > 0 && step < sample.Fate.Length && fate % 11 == 3) Suffer(driver, together[0], fate);
                    together.RemoveAll(run => run.Done);
                    if (together.Count > 0) driver.Step([.. together.Select((run, i) => (run, 1 + ((fate + i) % 6)))]);
                }

                for (var i = 0; i < runs.Count; i++)
                {
                    Assert.Equal(expected[i].Tokens, runs[i].Sink.Tokens);
                    SinkRecord.AssertSame(expected[i].Scores, runs[i].Sink.Scores);
                }
            }));
    }

    // FsCheck shrinks nothing here: its seed names the whole story.
    private static (byte Request, byte[] Fate) Sample(int seed)
    {
        var random = new Random(seed);
        var fate = new byte[random.Next(60)];
        random.NextBytes(fate);
        return ((byte)random.Next(256), fate);
    }

    [Theory]
    [InlineData(ThinkingMethod.Plain)]
    [InlineData(ThinkingMethod.Tas)]
    [InlineData(ThinkingMethod.Bitune)]
    [InlineData(ThinkingMethod.IcotSi)]
    [InlineData(ThinkingMethod.IcotKd)]
    [InlineData(ThinkingMethod.QuietStar)]
    [InlineData(ThinkingMethod.Tpo)]
    public void A_constraint_binds_the_answer_of_every_method_and_no_thought(ThinkingMethod method)
    {
        var answers = 0;
        for (byte sample = 0; sample < 24; sample++)
        {
            var setup = TinySetup.Of(method, 1 + (sample % 3));
            using var decoder = new ReferenceDecoder(setup.Spec, 200, 4);
            var run = new ProgramDriver(decoder).Generate(setup, Request(sample) with { Constraint = TinyConstraint.Alternating, MaxTokens = 20, Thought = null });
            TinyConstraint.Check(run.Sink.Answer);
            if (run.Program.Finish == FinishReason.Stop) Assert.Equal(0, run.Sink.Answer.Count() % 2);
            answers += run.Sink.Answer.Count();
        }

        Assert.True(answers > 24, $"{answers} answer tokens.");
    }

    // The byte says what happens to the next step: run, planned in vain, run in vain, or everything taken away.
    private static void Suffer(ProgramDriver driver, ProgramRun run, int fate)
    {
        var budget = 1 + (fate / 8 % 9);
        switch (fate % 8)
        {
            case 0:
                driver.Plan(run, budget);
                break;
            case 1 or 2:
                driver.RunAndForget(run, budget);
                break;
            case 3:
                run.Evict();
                break;
            default:
                driver.Step(run, budget);
                break;
        }
    }

    private static GenerationRequest Request(byte sample) => new()
    {
        Prompt = [.. Enumerable.Range(0, 1 + (sample % 11)).Select(i => ((sample * 7) + (i * 5)) % 26)],
        MaxTokens = 1 + (sample % 9),
        ThoughtBudget = (sample % 4) switch { 0 => null, 1 => 0, 2 => 3, _ => 5 },
        Thought = sample % 16 == 5 ? [4, 5, 6] : null,
        Seed = sample,
        Choice = sample % 3,
        Constraint = sample % 3 == 2 ? TinyConstraint.Alternating : null,
        Answering = new SamplingOptions { Temperature = sample % 5 == 0 ? 0 : 1, FrequencyPenalty = sample % 3 == 0 ? 2 : 0, RepetitionPenalty = sample % 4 == 1 ? 2 : 1 },
        Thinking = new SamplingOptions { Temperature = sample % 7 == 0 ? 0 : 1.3f, TopK = 12, PresencePenalty = sample % 2 == 0 ? 2 : 0 },
    };
}
