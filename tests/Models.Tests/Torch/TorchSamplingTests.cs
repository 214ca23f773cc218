using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Constraints.Tokens;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Conformance;

namespace InferenceServer.Models.Tests.Torch;

/// <summary>
/// Drawing on the device against <see cref="Sampler"/> on the host: vectors carry logits in, a head that is the identity
/// puts them out, and rows of all kinds share one pass.
/// </summary>
public class TorchSamplingTests
{
    private const int Vocabulary = 64;
    private const int Cases = 200;

    [Fact]
    public void Every_kind_of_draw_gives_the_tokens_of_the_host()
    {
        var random = new Random(5);
        float[][] logits = [.. Enumerable.Range(0, Cases).Select(i => Logits(random, i))];
        SampleSpec[] specs = [.. Enumerable.Range(0, Cases).Select(i => Spec(random, i))];
        var found = Draw(logits, specs);
        for (var i = 0; i < Cases; i++)
        {
            var expected = Sampler.Sample((float[])logits[i].Clone(), specs[i]);
            Assert.Equal(expected.Finite, found[i].Finite);
            if (!expected.Finite) continue;
            Assert.True(expected.Token == found[i].Token, $"Case {i}: the host draws {expected.Token}, the device {found[i].Token} by {specs[i]}.");
            Assert.Equal(expected.Logprob, found[i].Logprob, 1e-4);
            Assert.Equal(expected.Top.Select(top => top.Token), found[i].Top.Select(top => top.Token));
            Assert.All(expected.Top.Zip(found[i].Top), pair => Assert.Equal(pair.First.Logprob, pair.Second.Logprob, 1e-4));
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_logit_that_is_not_finite_is_flagged_in_its_row_only(float value)
    {
        var random = new Random(6);
        float[][] logits = [Logits(random, 0), Logits(random, 1), Logits(random, 2)];
        // Through the identity a number that is not finite makes the whole row so.
        logits[1][7] = value;
        var found = Draw(logits, [SampleSpec.Greedy, new SampleSpec { Temperature = 1 }, new SampleSpec { Temperature = 1, TopK = 3 }]);
        Assert.Equal([true, false, true], found.Select(result => result.Finite));
    }

    [Fact]
    public void A_row_with_everything_forbidden_is_flagged()
    {
        var all = Enumerable.Range(0, Vocabulary).ToDictionary(id => id, _ => float.NegativeInfinity);
        var found = Draw([Logits(new Random(7), 0)], [new SampleSpec { Bias = all }]);
        Assert.False(found[0].Finite);
    }

    private static IReadOnlyList<HeadResult> Draw(float[][] logits, SampleSpec[] specs)
    {
        var identity = new float[Vocabulary * Vocabulary];
        for (var i = 0; i < Vocabulary; i++) identity[(i * Vocabulary) + i] = 1;
        var output = new Linear(Matrix.Of(Tensor.FromArray("identity", [Vocabulary, Vocabulary], identity)));
        var spec = TinyModels.Llama(new TinyShape { Hidden = Vocabulary, Vocabulary = Vocabulary, Layers = 1 });
        using var decoder = TorchEngine.Open(spec with { Heads = [new HeadSpec("identity", null, output)], Vectors = logits }, 20);
        var harness = new DecoderHarness(decoder);
        var rows = harness.NewRows();
        harness.Run(new RowGroup(
            harness.Table(logits.Length),
            new LayerRange(0, 0),
            0,
            new JoinedRows([.. logits.Select((_, i) => new VectorRows(i))]),
            RowMask.Causal,
            RowGroup.NoAdapter,
            new Keep(rows, 0, 0, logits.Length)));
        return harness.Run([.. specs.Select((sample, i) => new HeadCall(0, new RowRef(rows, i), sample))]).Heads;
    }

    // Every third row has ties.
    private static float[] Logits(Random random, int i)
    {
        var values = new float[Vocabulary];
        for (var id = 0; id < Vocabulary; id++) values[id] = i % 3 == 0 ? random.Next(-3, 4) : (random.NextSingle() * 8) - 4;
        return values;
    }

    private static SampleSpec Spec(Random random, int i) => new()
    {
        Temperature = i % 4 == 0 ? 0 : 0.5f + random.NextSingle(),
        TopK = i % 5 == 1 ? random.Next(1, 2 * Vocabulary) : 0,
        TopP = i % 5 is 2 or 3 ? random.NextSingle() : 1,
        MinP = i % 5 == 3 ? random.NextSingle() / 2 : 0,
        Seed = (ulong)random.NextInt64(),
        Stream = (uint)random.Next(),
        Index = (uint)i,
        VocabularyLimit = i % 7 == 0 ? random.Next(1, Vocabulary) : 0,
        TopLogprobs = i % 6 == 0 ? random.Next(1, Vocabulary + 1) : 0,
        Bias = i % 4 == 1 ? Bias(random) : null,
        Penalties = i % 4 == 3 ? Penalties(random) : null,
        // Every token but some, or few of them: never none.
        Allowed = (i % 8) switch { 2 => new TokenMask([(ulong)random.NextInt64() | (1ul << (i % 64))]), 5 => new TokenMask([~(1ul << (i % 64))]), _ => null },
    };

    private static Dictionary<int, float> Bias(Random random) => new()
    {
        [random.Next(0, 20)] = float.NegativeInfinity,
        [random.Next(20, 40)] = 3,
        [random.Next(40, Vocabulary)] = -2,
    };

    private static TokenPenalties Penalties(Random random)
    {
        int[] seen = [.. Enumerable.Range(0, 30).Select(_ => random.Next(Vocabulary)).Distinct()];
        return new TokenPenalties(1.3f, 0.4f, -0.2f, seen, seen.Take(9).ToDictionary(id => id, _ => random.Next(1, 4)));
    }
}
