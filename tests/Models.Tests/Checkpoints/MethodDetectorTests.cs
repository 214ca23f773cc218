using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Tests.Architectures;

namespace InferenceServer.Models.Tests.Checkpoints;

/// <summary>Server override, then the block, then the signature, then plain.</summary>
public class MethodDetectorTests
{
    private const string TasBlock = """{"method":"tas","thinking_layer":1,"thought_end_token_id":3,"max_thought_tokens":5}""";

    [Fact]
    public void Without_any_sign_a_model_is_plain() => AssertDetected(new CheckpointCopy("llama"), ThinkingMethod.Plain, MethodSource.Default);

    [Fact]
    public void The_block_decides() =>
        AssertDetected(new CheckpointCopy("llama").With("thinking", """{"method":"tpo"}"""), ThinkingMethod.Tpo, MethodSource.ThinkingBlock);

    [Fact]
    public void The_block_beats_the_signature() => AssertDetected(
        new CheckpointCopy("tas").With("thinking", """{"method":"plain"}"""), ThinkingMethod.Plain, MethodSource.ThinkingBlock);

    [Fact]
    public void The_server_beats_the_block_and_keeps_its_settings_where_they_agree()
    {
        using var copy = new CheckpointCopy("llama").With("thinking", TasBlock);
        using var checkpoint = copy.Open();
        var same = MethodDetector.Detect(checkpoint, ThinkingMethod.Tas);
        Assert.Equal((MethodSource.ServerOverride, 5), (same.Source, same.Block.MaxThoughtTokens));
        var other = MethodDetector.Detect(checkpoint, ThinkingMethod.IcotSi);
        Assert.Equal(new ThinkingBlock { Method = ThinkingMethod.IcotSi }, other.Block);
    }

    [Fact]
    public void A_thinking_head_is_the_signature_of_tas() =>
        AssertDetected(new CheckpointCopy("tas").With("thinking", null), ThinkingMethod.Tas, MethodSource.Signature);

    [Fact]
    public void Start_and_end_vectors_with_a_talk_head_are_the_signature_of_quiet_star() => AssertDetected(
        new CheckpointCopy("llama")
            .WithTensor("start_embedding", 2, 24)
            .WithTensor("end_embedding", 2, 24)
            .WithTensor("talk_head.0.0.weight", 24, 48),
        ThinkingMethod.QuietStar,
        MethodSource.Signature);

    [Fact]
    public void Two_adapters_are_the_signature_of_bitune()
    {
        using var adapter = AdapterCheckpoint.Open(GoldenAdapter.Folder("bitune"));
        var tas = new DetectedMethod(new ThinkingBlock { Method = ThinkingMethod.Tas }, MethodSource.ThinkingBlock);
        var detected = MethodDetector.Detect(adapter, tas);
        Assert.Equal((ThinkingMethod.Bitune, MethodSource.Signature), (detected.Method, detected.Source));
        Assert.Equal(ThinkingMethod.Plain, MethodDetector.Detect(adapter, tas, ThinkingMethod.Plain).Method);
    }

    [Fact]
    public void A_single_adapter_thinks_as_its_base_does()
    {
        using var adapter = AdapterCheckpoint.Open(GoldenAdapter.Folder("lora"));
        var tas = new DetectedMethod(new ThinkingBlock { Method = ThinkingMethod.Tas, ThinkingLayer = 2 }, MethodSource.ThinkingBlock);
        Assert.Equal(tas, MethodDetector.Detect(adapter, tas));
        Assert.Equal(tas.Block, MethodDetector.Detect(adapter, tas, ThinkingMethod.Tas).Block);
    }

    [Theory]
    [InlineData(null, true, ThinkingNorm.Own)]
    [InlineData(null, false, ThinkingNorm.Shared)]
    [InlineData("own", false, ThinkingNorm.Own)]
    [InlineData("none", true, ThinkingNorm.None)]
    public void A_norm_left_open_is_the_checkpoints_own_or_the_final_one(string? named, bool stored, ThinkingNorm expected)
    {
        var norm = named is null ? string.Empty : $",\"think_norm\":\"{named}\"";
        using var copy = new CheckpointCopy("tas").With("thinking", $$"""{"method":"tas","thinking_layer":1,"thought_end_token_id":3{{norm}}}""");
        if (!stored) copy.Without("thinking_norm.weight");
        using var checkpoint = copy.Open();
        Assert.Equal(expected, MethodDetector.Detect(checkpoint).Block.ThinkingNorm);
    }

    private static void AssertDetected(CheckpointCopy copy, ThinkingMethod method, MethodSource source)
    {
        using (copy)
        {
            using var checkpoint = copy.Open();
            var detected = MethodDetector.Detect(checkpoint);
            Assert.Equal((method, source), (detected.Method, detected.Source));
        }
    }
}
