using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>What Quiet-STaR promises (arXiv 2403.09629).</summary>
public class QuietStarTests
{
    private static readonly GenerationRequest Request = new() { Prompt = [3, 14, 15, 9], MaxTokens = 8, Seed = 3 };

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    public void With_a_zero_mixing_head_the_answer_is_the_base_models_bit_for_bit(int sampled)
    {
        var setup = TinySetup.QuietStar();
        var layers = setup.Spec.Mixers[0].Layers;
        var zero = new Linear(Matrix.Of(Tensor.FromArray("zero", [1, 16], new float[16])));
        var silent = setup with
        {
            Spec = setup.Spec with { Mixers = [new MixerSpec([.. layers.SkipLast(1), zero])] },
            Thinking = setup.Thinking with { SampledThoughtTokens = sampled },
        };
        var mixed = Generate(silent, Request).Sink.Tokens.Where(token => token.Channel == TokenChannel.Answer);
        Assert.Equal(Generate(silent, Request with { ThoughtBudget = 0 }).Sink.Tokens, mixed);
        Assert.NotEqual(mixed, Generate(setup, Request).Sink.Tokens.Where(token => token.Channel == TokenChannel.Answer));
    }

    [Fact]
    public void A_token_costs_its_thought_and_three_rows_more_and_the_thought_is_cut_off()
    {
        var setup = TinySetup.QuietStar() with { EndOfSequence = new HashSet<int>() };
        using var decoder = new ReferenceDecoder(setup.Spec, 100, 4);
        var driver = new ProgramDriver(decoder);
        var run = driver.Start(setup, Request);
        while (!run.Done)
        {
            var before = run.Sink.Answer.Count();
            driver.Step(run);
            if (run.Sink.Answer.Count() == before) continue;
            Assert.Equal(Request.Prompt.Count + before, run.Memory.Tables[0].Length(setup.Spec.AllLayers));
        }

        var answers = run.Sink.Tokens.Count / 4; // three sampled thought tokens each
        Assert.Equal(Request.Prompt.Count - 1 + (run.Sink.Answer.Count() * 6), decoder.RowsRun[0]);
        Assert.Equal(run.Sink.Answer.Count(), answers);
    }

    [Fact]
    public void Forbidden_ids_are_never_drawn_in_thought_or_answer()
    {
        var setup = TinySetup.QuietStar();
        setup = setup with { Thinking = setup.Thinking with { BaseVocabularySize = 9 } };
        var tokens = Enumerable.Range(0, 20).SelectMany(seed => Generate(setup, Request with { Seed = (ulong)seed }).Sink.Tokens).ToList();
        Assert.Equal(20 * 8 * 4, tokens.Count);
        Assert.All(tokens, token => Assert.InRange(token.Token, 0, 8));
    }

    [Fact]
    public void The_learned_vectors_open_and_close_a_thought()
    {
        var setup = TinySetup.QuietStar();
        var tokens = Generate(setup, Request).Sink.Tokens;
        for (var vector = 0; vector < 2; vector++)
        {
            float[][] vectors = [.. setup.Spec.Vectors.Select((values, i) => i == vector ? Array.ConvertAll(values, value => -value) : values)];
            Assert.NotEqual(tokens, Generate(setup with { Spec = setup.Spec with { Vectors = vectors } }, Request).Sink.Tokens);
        }
    }

    private static ProgramRun Generate(TinySetup setup, GenerationRequest request)
    {
        // Nothing ends a generation early here.
        var open = setup with { EndOfSequence = new HashSet<int>() };
        using var decoder = new ReferenceDecoder(open.Spec, 100, 4);
        return new ProgramDriver(decoder).Generate(open, request);
    }
}
