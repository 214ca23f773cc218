using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>The separators of stepwise internalisation (arXiv 2405.14838).</summary>
public class IcotSiTests
{
    private const int Eos = TinySetup.EndOfText;

    [Theory]
    [InlineData(new[] { Eos, 4, 5, Eos }, new int[0], new[] { 4, 5 })]
    [InlineData(new[] { 7, 8, Eos, 4, Eos }, new[] { 7, 8 }, new[] { 4 })]
    [InlineData(new[] { Eos, Eos }, new int[0], new int[0])]
    public void What_stands_before_the_second_separator_is_thought(int[] script, int[] thought, int[] answer)
    {
        var setup = TinySetup.IcotSi();
        using var decoder = new ScriptedDecoder(setup.Spec, script);
        var run = new ProgramDriver(decoder).Generate(setup, new GenerationRequest { Prompt = [1, 2, Eos], MaxTokens = 20 });
        Assert.Equal(thought, run.Sink.Thought);
        Assert.Equal(answer, run.Sink.Answer);
        Assert.Equal(FinishReason.Stop, run.Program.Finish);

        // The separator is fed back, the last one is not: a model without a chain plus one row.
        Assert.Equal(3 + script.Length - 1, decoder.RowsRun);
    }

    [Fact]
    public void With_one_separator_to_stop_at_everything_is_answer()
    {
        var setup = TinySetup.IcotSi() with { Thinking = TinySetup.IcotSi().Thinking with { EosCountToStop = 1 } };
        using var decoder = new ScriptedDecoder(setup.Spec, [4, 5, Eos]);
        var run = new ProgramDriver(decoder).Generate(setup, new GenerationRequest { Prompt = [1, Eos], MaxTokens = 20 });
        Assert.Equal([4, 5], run.Sink.Answer);
        Assert.Empty(run.Sink.Thought);
    }
}
