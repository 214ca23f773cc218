using InferenceServer.Models.Architectures;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Checkpoints;

namespace InferenceServer.Models.Tests.Architectures;

/// <summary>LongRoPE's two sets of frequencies, its factor, and the places configurations keep the original context.</summary>
public class LongRopeTests
{
    private const string Lists = "\"short_factor\":[1,2,4,8],\"long_factor\":[10,20,40,80]";

    [Theory]
    [InlineData("longrope", "type")]
    [InlineData("longrope", "rope_type")]
    [InlineData("su", "type")]
    [InlineData("yarn", "type")]
    public void Each_frequency_is_divided_by_its_own_factor(string type, string key)
    {
        var rope = Rope($$"""{"{{key}}":"{{type}}",{{Lists}}}""", "16");
        Assert.Equal(8, rope.Dimensions);
        AssertClose([1, 0.1 / 2, 0.01 / 4, 0.001 / 8], rope.InverseFrequencies);
        AssertClose([0.1, 0.1 / 20, 0.01 / 40, 0.001 / 80], rope.Beyond!.InverseFrequencies);
        Assert.Equal(16, rope.Beyond.After);
        // 64 positions of 16: sqrt(1 + ln 4 / ln 16).
        Assert.Equal(Math.Sqrt(1.5), rope.AttentionFactor, 1e-6);
    }

    [Theory]
    [InlineData("16", "", 16, 1.2247448713)]
    [InlineData("32", "", 32, 1.0954451150)]
    [InlineData(null, ",\"original_max_position_embeddings\":16", 16, 1.2247448713)]
    [InlineData("16", ",\"original_max_position_embeddings\":32", 16, 1.2247448713)]
    [InlineData("16", ",\"factor\":16", 16, 1.4142135623)]
    [InlineData("16", ",\"attention_factor\":1.19", 16, 1.19)]
    [InlineData("64", "", null, 1)]
    [InlineData("128", "", null, 1)]
    [InlineData(null, ",\"factor\":64", null, 1.4142135623)]
    public void The_original_context_and_the_factor_are_found_where_they_stand(string? original, string more, int? after, double attention)
    {
        var rope = Rope($$"""{"type":"longrope",{{Lists}}{{more}}}""", original);
        Assert.Equal(after, rope.Beyond?.After);
        Assert.Equal(attention, rope.AttentionFactor, 1e-6);
    }

    [Fact]
    public void The_model_may_use_all_positions_it_claims_and_says_where_the_long_ones_begin()
    {
        using var copy = new CheckpointCopy("phi3-long");
        using var checkpoint = copy.Open();
        var spec = ModelBuilder.Build(checkpoint).Spec;
        Assert.Equal((64, 16), (spec.MaxPositions, spec.LongAfter));
    }

    private static RopeSpec Rope(string scaling, string? original)
    {
        using var copy = new CheckpointCopy("phi3-long").With("rope_scaling", scaling).With("original_max_position_embeddings", original);
        using var checkpoint = copy.Open();
        return ModelBuilder.Build(checkpoint).Spec.Layers[0].Attention.Rope!;
    }

    private static void AssertClose(double[] expected, float[] found) =>
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-6 * pair.First));
}
