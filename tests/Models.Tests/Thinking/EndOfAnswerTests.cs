using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>What a request says about where an answer may end, for every method.</summary>
public class EndOfAnswerTests
{
    private const int Eos = TinySetup.EndOfText;
    private const int MaxTokens = 20;

    public static TheoryData<ThinkingMethod> Methods() => [.. Enum.GetValues<ThinkingMethod>()];

    [Theory]
    [MemberData(nameof(Methods))]
    public void A_model_that_would_end_at_once_generates_as_many_tokens_as_it_must_and_then_ends(ThinkingMethod method)
    {
        const int MinTokens = 6;
        Assert.Empty(Answer(method, Eager()).Sink.Answer);
        var run = Answer(method, Eager() with { MinTokens = MinTokens });
        Assert.DoesNotContain(Eos, run.Sink.Answer);
        Assert.Equal(MinTokens, Generated(method, run));
        Assert.Equal(FinishReason.Stop, run.Program.Finish);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void An_end_of_sequence_that_is_ignored_is_part_of_an_answer_up_to_the_limit(ThinkingMethod method)
    {
        var run = Answer(method, Eager() with { IgnoreEndOfSequence = true });
        Assert.All(run.Sink.Answer, token => Assert.Equal(Eos, token));
        Assert.Equal(MaxTokens, Generated(method, run));
        Assert.Equal(FinishReason.Length, run.Program.Finish);
    }

    [Theory]
    [InlineData(ThinkingMethod.Plain, new[] { 4, 5, 6, 7 }, new int[0], new[] { 4, 5 })]
    [InlineData(ThinkingMethod.Tas, new[] { 4, 6, TinySetup.End }, new[] { 4, 6 }, new[] { 4 })]
    [InlineData(ThinkingMethod.IcotSi, new[] { 6, Eos, 4, 6 }, new[] { 6 }, new[] { 4 })]
    [InlineData(ThinkingMethod.Tpo, new[] { 0, 6, 3, 5, 6 }, new[] { 0, 6, 3 }, new[] { 5 })]
    [InlineData(ThinkingMethod.QuietStar, new[] { 4, 5, 6 }, new[] { 4, 5, 6, 6, 6, 6, 6, 6, 6 }, new[] { 4, 5 })]
    public void A_stop_token_ends_the_answer_and_is_not_part_of_it_but_never_ends_a_thought(ThinkingMethod method, int[] script, int[] thought, int[] answer)
    {
        var setup = TinySetup.Of(method);
        int[] draws = [.. script, .. Enumerable.Repeat(6, MaxTokens)];
        using var decoder = new ScriptedDecoder(setup.Spec, draws);
        var request = new GenerationRequest { Prompt = [1, 2, Eos], MaxTokens = MaxTokens, StopTokens = new HashSet<int> { 6 } };
        var run = new ProgramDriver(decoder).Generate(setup, request);
        Assert.Equal(answer, run.Sink.Answer);
        Assert.Equal(thought, run.Sink.Thought);
        Assert.Equal(FinishReason.Stop, run.Program.Finish);
    }

    [Fact]
    public void Where_a_chain_of_thought_is_part_of_the_answer_a_stop_token_ends_it_too()
    {
        var setup = TinySetup.IcotSi();
        using var decoder = new ScriptedDecoder(setup.Spec, [4, 6, Eos, 5, Eos]);
        var request = new GenerationRequest { Prompt = [1, 2, Eos], MaxTokens = MaxTokens, StopTokens = new HashSet<int> { 6 }, WholeText = true };
        var run = new ProgramDriver(decoder).Generate(setup, request);
        Assert.Equal([4, 6], run.Sink.Answer); // the whole text tells also what ended it
        Assert.Equal(FinishReason.Stop, run.Program.Finish);
    }

    [Fact]
    public void Tokens_outside_the_vocabulary_that_end_a_sequence_are_no_obstacle()
    {
        var setup = TinySetup.Plain() with { EndOfSequence = new HashSet<int> { Eos, TinySetup.Vocabulary + 5 } };
        Assert.Equal(6, Answer(setup, Eager() with { MinTokens = 6 }).Sink.Answer.Count());
    }

    // The request's bounds count thoughts with the answer, but for those that are thrown away; and also the chain's own separator.
    private static int Generated(ThinkingMethod method, ProgramRun run) => method switch
    {
        ThinkingMethod.QuietStar => run.Sink.Answer.Count(),
        ThinkingMethod.IcotSi => run.Sink.Tokens.Count + 1,
        _ => run.Sink.Tokens.Count,
    };

    private static GenerationRequest Eager() => new()
    {
        Prompt = [3, 1, 4, Eos],
        MaxTokens = MaxTokens,
        Answering = SamplingOptions.Greedy with { Bias = new Dictionary<int, float> { [Eos] = 100 } },
        Thinking = SamplingOptions.Greedy,
    };

    private static ProgramRun Answer(ThinkingMethod method, GenerationRequest request) =>
        Answer(TinySetup.Of(method), method == ThinkingMethod.Tas ? request with { ThoughtBudget = 3 } : request);

    private static ProgramRun Answer(TinySetup setup, GenerationRequest request)
    {
        using var decoder = new ReferenceDecoder(setup.Spec, 100, 4);
        return new ProgramDriver(decoder).Generate(setup, request);
    }
}
