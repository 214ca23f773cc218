using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Benchmarks.Tests.Synthetic;

public sealed class StepBytesTests
{
    // 4 query heads over 2 of keys, 16 wide.
    private static readonly LlamaShape Shape = new("micro", 2, 64, 96, 4, 2, 320, Tied: true);

    private const long LayerWeights = (64 * 64) + (2 * 32 * 64) + (64 * 64) + (3 * 96 * 64);
    private const long HeadWeights = 320 * 64;
    private const long KvFloats = 2 * 2 * 16; // a position and layer

    // Bits a weight: docs/cpu-engine.md.
    [Theory]
    [InlineData("f32", 32)]
    [InlineData("bf16", 16)]
    [InlineData("int8", 8.5)]
    [InlineData("int4", 4.5)]
    public void Weights_count_as_they_are_packed(string format, double bits)
    {
        var bytes = Bytes(format);

        Assert.Equal(LayerWeights * bits / 8, bytes.Layers(new LayerRange(1, 2)));
        Assert.Equal(HeadWeights * bits / 8, bytes.Head(0));
    }

    [Fact]
    public void A_step_reads_weights_once_and_the_kv_of_every_sequence()
    {
        var bytes = Bytes("f32");

        Assert.Equal(4 * ((2 * LayerWeights) + HeadWeights + (10 * 2 * KvFloats)), bytes.Decode(speaking: 1, thinking: 0, positions: 10));
        Assert.Equal(4 * (LayerWeights + HeadWeights + (10 * KvFloats)), bytes.Decode(speaking: 0, thinking: 1, positions: 10));
        // Who thinks beside a speaker costs the thinking head and its own KV: the lower layers are read anyway.
        Assert.Equal(4 * (HeadWeights + (3 * 10 * KvFloats)), bytes.Decode(1, 3, 10) - bytes.Decode(1, 0, 10));
    }

    [Fact]
    public void Operations_are_two_a_weight() => Assert.Equal(2.0 * LayerWeights, Bytes("int4").Operations(new LayerRange(0, 1)));

    [Theory]
    [InlineData(KvFormat.F32, 4)]
    [InlineData(KvFormat.BF16, 2)]
    public void Kv_counts_in_its_own_format(KvFormat format, int bytes) =>
        Assert.Equal(bytes * 10 * 2 * KvFloats, new StepBytes(RandomModel.Llama(Shape), new CpuOptions { Kv = format }).Kv(new LayerRange(0, 2), 10));

    private static StepBytes Bytes(string format) =>
        new(RandomModel.Llama(Shape, thinkingLayer: 1), new CpuOptions { Weights = WeightFormats.Parse(format) });
}
