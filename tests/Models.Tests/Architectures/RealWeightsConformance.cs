using System.Runtime.InteropServices;
using System.Text.Json;
using InferenceServer.Models.Architectures;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Conformance;

namespace InferenceServer.Models.Tests.Architectures;

/// <summary>Every engine, on trained models with published or independently computed results.</summary>
public abstract class RealWeightsConformance(Func<DecoderSpec, int, IDecoder> create)
{
    private const double Tolerance = 1e-4;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Stories260K_gives_the_logits_computed_in_float64(int index)
    {
        using var checkpoint = Checkpoint.Open(RealWeights.Path("stories260K/hf"));
        using var json = JsonDocument.Parse(File.ReadAllText(RealWeights.Path("stories260K/reference_fp64.json")));
        var reference = json.RootElement.GetProperty("refs")[index];
        var ids = Integers(reference.GetProperty("ids"));
        using var decoder = create(ModelBuilder.Build(checkpoint).Spec, 64);
        var harness = new DecoderHarness(decoder);
        var logprobs = harness.Logprobs(harness.Prompt(ids));
        for (var position = 1; position < ids.Length; position++)
        {
            var expected = reference.GetProperty("prompt_logprobs")[position].GetDouble();
            Assert.Equal(expected, logprobs[position - 1][ids[position]], Tolerance);
        }

        var last = Golden.LogSoftmax([.. reference.GetProperty("last_logits").EnumerateArray().Select(value => value.GetDouble())]);
        Assert.All(last.Zip(logprobs[^1]), pair => Assert.Equal(pair.First, pair.Second, Tolerance * last.Max(Math.Abs)));
    }

    [Fact]
    public void Stories260K_tells_the_published_story()
    {
        using var checkpoint = Checkpoint.Open(RealWeights.Path("stories260K/hf"));
        using var json = JsonDocument.Parse(File.ReadAllText(RealWeights.Path("stories260K/greedy200.json")));
        var expected = Integers(json.RootElement.GetProperty("ids"));
        const int Prompt = 5;
        using var decoder = create(ModelBuilder.Build(checkpoint).Spec, 64);
        var story = Greedy(new DecoderHarness(decoder), expected[..Prompt], expected.Length - Prompt);
        Assert.Equal(expected[Prompt..], story);
    }

    [Fact]
    public void Gpt_nano_sort_gives_its_published_first_layer()
    {
        using var checkpoint = Checkpoint.Open(RealWeights.Path("gpt-nano-sort/hf"));
        using var json = JsonDocument.Parse(File.ReadAllText(RealWeights.Path("gpt-nano-sort/gpt-nano-sort-t0-partials.json")));
        var spec = FirstLayer(ModelBuilder.Build(checkpoint).Spec, Published(json, "ln1"), Published(json, "qkv"));
        using var decoder = create(spec, 64);
        var harness = new DecoderHarness(decoder);
        var expected = Published(json, "block0").Select(value => (double)value).Chunk(spec.HiddenSize).Chunk(spec.MaxPositions).ToArray();
        var ids = Published(json, "idx").Select(id => (int)id).Chunk(spec.MaxPositions).ToArray();
        Assert.Equal(3, ids.Length);
        foreach (var (tokens, states) in ids.Zip(expected)) Golden.AssertClose(states, harness.Logprobs(harness.Prompt(tokens)));
    }

    [Fact]
    public void Gpt_nano_sort_sorts_every_input()
    {
        const int Length = 6;
        const int Letters = 3;
        using var checkpoint = Checkpoint.Open(RealWeights.Path("gpt-nano-sort/hf"));
        using var decoder = create(ModelBuilder.Build(checkpoint).Spec, 729 + 8);
        var harness = new DecoderHarness(decoder);
        for (var number = 0; number < (int)Math.Pow(Letters, Length); number++)
        {
            int[] letters = [.. Enumerable.Range(0, Length).Select(digit => number / (int)Math.Pow(Letters, digit) % Letters)];
            Assert.Equal(letters.Order(), Greedy(harness, letters, Length));
        }
    }

    private static int[] Greedy(DecoderHarness harness, int[] prompt, int count)
    {
        var table = harness.Table(prompt.Length + count - 1);
        var rows = harness.NewRows();
        var ids = new List<int>();
        var next = prompt;
        for (var position = 0; ids.Count < count; position += next.Length, next = [ids[^1]])
        {
            var group = harness.Prompt(next, table) with { Start = position, Keep = new Keep(rows, 0, next.Length - 1, 1) };
            ids.Add(harness.Run(group, new HeadCall(0, new RowRef(rows, 0), SampleSpec.Greedy)).Heads[0].Token);
        }

        harness.Decoder.Release(rows);
        return [.. ids];
    }

    // The layer as a model whose head is the identity, so that its "logits" are the layer's output. The converted file
    // lacks the published model's query, key and value biases; for this layer they follow from two published
    // activations: qkv − ln1·W, the same in every row.
    private static DecoderSpec FirstLayer(DecoderSpec spec, float[] normed, float[] projected)
    {
        var (layer, hidden) = (spec.Layers[0], spec.HiddenSize);
        Linear WithBias(Linear linear, int part)
        {
            var weight = linear.Weight.ToArray();
            var bias = new float[hidden];
            for (var row = 0; row < hidden; row++)
            {
                var product = 0.0;
                for (var column = 0; column < hidden; column++) product += (double)normed[column] * weight[(row * hidden) + column];
                bias[row] = (float)(projected[(part * hidden) + row] - product);
            }

            return linear with { Bias = VectorWeight.Of(Tensor.FromArray("bias", [hidden], bias)) };
        }

        var attention = layer.Attention with
        {
            Query = WithBias(layer.Attention.Query, 0),
            Key = WithBias(layer.Attention.Key, 1),
            Value = WithBias(layer.Attention.Value, 2),
        };
        var identity = new float[hidden * hidden];
        for (var i = 0; i < hidden; i++) identity[(i * hidden) + i] = 1;
        return spec with
        {
            // Heads report whole vocabularies, and this head's is the hidden state.
            VocabularySize = hidden,
            Layers = [layer with { Attention = attention }],
            Heads = [new HeadSpec("identity", null, new Linear(Matrix.Of(Tensor.FromArray("identity", [hidden, hidden], identity))))],
        };
    }

    private static int[] Integers(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetInt32())];

    private static float[] Published(JsonDocument json, string name) =>
        MemoryMarshal.Cast<byte, float>(json.RootElement.GetProperty(name).GetProperty("data").GetBytesFromBase64()).ToArray();
}

/// <summary>The reference on trained models.</summary>
public class ReferenceRealWeightsTests() : RealWeightsConformance((spec, pages) => new ReferenceDecoder(spec, pages));
