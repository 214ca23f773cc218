using System.Text;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>TPO's channels are text (arXiv 2410.10630): whatever the tokens are, the two texts come out.</summary>
public class TpoTests
{
    private const string Marked = "Here is my thought process: é🙂 hm.\nHere is my response: ça va 🙂.";

    private static readonly TinySetup Setup = TinySetup.Plain() with
    {
        Thinking = new ThinkingBlock
        {
            Method = ThinkingMethod.Tpo,
            ThoughtMarkers = ["Here is my thought process:"],
            AnswerMarkers = ["Here is my response:"],
            ResampleMissingAnswer = true,
            MaxResamples = 2,
        },
        EndOfSequence = new HashSet<int> { -1 },
    };

    [Fact]
    public void The_texts_are_the_same_for_any_tokens_even_inside_characters()
    {
        var random = new Random(1);
        for (var i = 0; i < 300; i++)
        {
            var (run, tokens) = Generate(Setup, Marked, random);
            Assert.Equal("é🙂 hm.\n", run.Sink.Text(TokenChannel.Thought));
            Assert.Equal("ça va 🙂.", run.Sink.Text(TokenChannel.Answer));
            Assert.Equal(Enumerable.Range(0, tokens), run.Sink.Tokens.Select(token => token.Token));
            Assert.Equal(ThoughtClosedBy.Model, run.Program.ThoughtClosedBy);
        }
    }

    [Fact]
    public void Text_without_a_marker_is_handed_out_as_the_answer_in_order()
    {
        var raw = Setup with { Thinking = Setup.Thinking with { ResampleMissingAnswer = false } };
        var random = new Random(2);
        for (var i = 0; i < 100; i++)
        {
            var (run, tokens) = Generate(raw, "é, no marker 🙂\uFFFF", random, cutBytes: random.Next(4));
            Assert.Equal("", run.Sink.Text(TokenChannel.Thought));
            Assert.StartsWith("é, no marker 🙂", run.Sink.Text(TokenChannel.Answer), StringComparison.Ordinal);
            Assert.Equal(Enumerable.Range(0, tokens), run.Sink.Answer);
        }
    }

    [Fact]
    public void A_missing_answer_is_sampled_again_with_fresh_draws_and_no_more_often_than_allowed()
    {
        int[] script = [5, 6, TinySetup.EndOfText, 7, TinySetup.EndOfText, 8, 9, TinySetup.EndOfText, 1];
        using var decoder = new ScriptedDecoder(Setup.Spec, script);
        var setup = TinySetup.Tpo() with { Thinking = TinySetup.Tpo().Thinking with { AnswerMarkers = ["zz"], ThoughtMarkers = [] } };
        var run = new ProgramDriver(decoder).Generate(setup, new GenerationRequest { Prompt = [1, 2, 3, 4], MaxTokens = 20 });
        Assert.Equal([TokenChannel.Thought, TokenChannel.Thought], run.Sink.Restarts);
        Assert.Equal([8, 9], run.Sink.Answer);
        Assert.Equal(FinishReason.Stop, run.Program.Finish);
        // The prompt once; then each try its tokens, and the prompt's last again.
        Assert.Equal(4 + 2 + 1 + 1 + 1 + 2, decoder.RowsRun);
    }

    private static (ProgramRun Run, int Tokens) Generate(TinySetup setup, string text, Random random, int cutBytes = 0)
    {
        var bytes = Encoding.UTF8.GetBytes(text)[..^cutBytes];
        var vocabulary = new List<byte[]>();
        for (var at = 0; at < bytes.Length;)
        {
            var length = Math.Min(random.Next(1, 5), bytes.Length - at);
            vocabulary.Add(bytes[at..(at + length)]);
            at += length;
        }

        using var decoder = new ScriptedDecoder(setup.Spec, [.. Enumerable.Range(0, vocabulary.Count), -1]);
        var request = new GenerationRequest { Prompt = [1], MaxTokens = vocabulary.Count + 1 };
        return (new ProgramDriver(decoder).Generate(setup, request, detokenizer: () => new ByteDetokenizer(vocabulary)), vocabulary.Count);
    }
}
