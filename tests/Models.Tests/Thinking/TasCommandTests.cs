using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>"Answer now" and "take this thought" at any moment of a TaS generation.</summary>
public class TasCommandTests
{
    private static readonly int[] Prompt = [3, 14, 15, 9, 2, 6, 5, 3, 5];

    [Fact]
    public void Answer_now_at_any_step_answers_what_was_thought_so_far()
    {
        var setup = TinySetup.Tas();
        using var decoder = new ReferenceDecoder(setup.Spec, 200, 4);
        var driver = new ProgramDriver(decoder);
        for (var steps = 0; steps < 14; steps++)
        {
            var run = driver.Start(setup, Request);
            for (var i = 0; i < steps; i++) driver.Step(run, 4);
            var thought = run.Sink.Thought.ToArray();
            var applied = run.Command(new ProgramCommand.AnswerNow());
            Assert.Equal(run.Program.ThoughtClosedBy is ThoughtClosedBy.Command, applied);
            if (!applied) continue;
            driver.Finish(run, 4);
            Assert.Equal(thought, run.Sink.Thought);
            var supplied = driver.Generate(setup, Request with { Thought = thought });
            Assert.Equal(Answer(supplied).Take(run.Sink.Answer.Count()), Answer(run));
            Assert.False(run.Command(new ProgramCommand.AnswerNow()));
        }
    }

    [Fact]
    public void A_replaced_thought_at_any_step_answers_as_if_it_had_been_supplied_and_keeps_the_prompt()
    {
        var setup = TinySetup.Tas();
        int[] thought = [20, 21, 22];
        using var decoder = new ReferenceDecoder(setup.Spec, 200, 4);
        var driver = new ProgramDriver(decoder);
        var fresh = driver.Generate(setup, Request with { Thought = thought });
        for (var steps = 0; steps < 20; steps++)
        {
            var run = driver.Start(setup, Request);
            for (var i = 0; i < steps && !run.Done; i++) driver.Step(run, 4);
            if (run.Done) break;
            var table = run.Memory.Tables[0];
            var below = Math.Min(Prompt.Length, table.Length(new(0, 2)));
            var above = Math.Min(Prompt.Length, table.Length(new(2, 4)));
            var before = decoder.RowsRun.ToArray();
            Assert.True(run.Command(new ProgramCommand.ReplaceThought(thought)));
            driver.Finish(run, 4);

            Assert.Equal(fresh.Sink.Tokens, run.Sink.Tokens);
            Assert.Equal(ThoughtClosedBy.Supplied, run.Program.ThoughtClosedBy);
            var fed = Prompt.Length + thought.Length + 1 + run.Sink.Answer.Count() - (run.Program.Finish == FinishReason.Length ? 1 : 0);
            Assert.True(decoder.RowsRun[0] - before[0] <= fed - below, "The prompt's lower layers ran again.");
            Assert.True(decoder.RowsRun[3] - before[3] <= fed - above, "The prompt's upper layers ran again.");
            run.Memory.Free();
        }
    }

    [Fact]
    public void A_thought_that_does_not_fit_the_context_is_refused_and_changes_nothing()
    {
        var setup = TinySetup.Tas();
        using var decoder = new ReferenceDecoder(setup.Spec, 200, 4);
        var driver = new ProgramDriver(decoder);
        var expected = driver.Generate(setup, Request).Sink.Tokens;
        var run = driver.Start(setup, Request);
        driver.Step(run);
        Assert.False(run.Command(new ProgramCommand.ReplaceThought(new int[setup.Spec.MaxPositions - Prompt.Length])));
        Assert.Equal(expected, driver.Finish(run).Sink.Tokens);
    }

    private static GenerationRequest Request => new() { Prompt = Prompt, MaxTokens = 14, ThoughtBudget = 6, Seed = 8 };

    private static IEnumerable<EmittedToken> Answer(ProgramRun run) => run.Sink.Tokens.Where(token => token.Channel == TokenChannel.Answer);
}
