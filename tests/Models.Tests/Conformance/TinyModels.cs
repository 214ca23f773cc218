using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>The size of a tiny random model; the defaults run a row in a few microseconds.</summary>
public sealed record TinyShape
{
    public int Seed { get; init; } = 1;

    public int Layers { get; init; } = 4;

    public int Hidden { get; init; } = 64;

    public int Heads { get; init; } = 4;

    public int KvHeads { get; init; } = 2;

    public int Feed { get; init; } = 96;

    public int Vocabulary { get; init; } = 97;

    public int Positions { get; init; } = 512;

    /// <summary>Size of a head where it is not Hidden / Heads.</summary>
    public int? WideHead { get; init; }

    public int HeadDim => WideHead ?? Hidden / Heads;
}

/// <summary>Builders of tiny random models in the shape of two families, and of variants that few families have.</summary>
public static class TinyModels
{
    /// <summary>RMS norms, RoPE, grouped queries, gated SiLU, no biases.</summary>
    public static DecoderSpec Llama(TinyShape? shape = null)
    {
        shape ??= new TinyShape();
        var weights = new TinyWeights(shape.Seed);
        return Model(shape, weights, NormKind.Rms, learnedPositions: false, () =>
        {
            var attention = Attention(shape, weights, bias: false) with { Rope = Rope(shape.HeadDim) };
            return new LayerSpec(weights.Norm(NormKind.Rms, shape.Hidden), attention, weights.Norm(NormKind.Rms, shape.Hidden), GatedMlp(shape, weights));
        });
    }

    /// <summary>LayerNorms, learned positions, biases everywhere, ungated GELU; as many KV heads as heads.</summary>
    public static DecoderSpec Gpt2(TinyShape? shape = null)
    {
        shape ??= new TinyShape();
        shape = shape with { KvHeads = shape.Heads };
        var weights = new TinyWeights(shape.Seed);
        return Model(shape, weights, NormKind.Layer, learnedPositions: true, () =>
        {
            var attention = Attention(shape, weights, bias: true);
            var mlp = new MlpSpec(
                Activation.GeluTanh,
                null,
                weights.Linear(shape.Feed, shape.Hidden, bias: true),
                weights.Linear(shape.Hidden, shape.Feed, bias: true));
            return new LayerSpec(weights.Norm(NormKind.Layer, shape.Hidden), attention, weights.Norm(NormKind.Layer, shape.Hidden), mlp);
        });
    }

    /// <summary>
    /// Everything the seam allows and Llama does not use: partial RoPE with an attention factor, q/k norms, a window,
    /// parallel residuals, a residual scale, erf-GELU, norms with 1 added, scaled embeddings and logits.
    /// </summary>
    public static DecoderSpec Odd(TinyShape? shape = null)
    {
        shape ??= new TinyShape();
        var weights = new TinyWeights(shape.Seed);
        var spec = Model(shape, weights, NormKind.Rms, learnedPositions: false, () =>
        {
            var attention = Attention(shape, weights, bias: true) with
            {
                Rope = Rope(shape.HeadDim / 2) with { AttentionFactor = 1.1f },
                QueryNorm = weights.Norm(NormKind.Rms, shape.HeadDim),
                KeyNorm = weights.Norm(NormKind.Rms, shape.HeadDim),
                Window = 5,
            };
            var norm = weights.Norm(NormKind.Rms, shape.Hidden) with { AddOne = true };
            return new LayerSpec(norm, attention, null, GatedMlp(shape, weights) with { Activation = Activation.Gelu }, 0.7f);
        });
        return spec with
        {
            Embeddings = [spec.Embeddings[0] with { Scale = 2 }],
            Heads = [spec.Heads[0] with { Scale = 0.5f }],
        };
    }

    /// <summary>
    /// What Odd leaves out: a scale of residuals that follow each other, norms of heads with mean and bias, long
    /// frequencies, a head of its own with a bias.
    /// </summary>
    public static DecoderSpec Scaled(TinyShape? shape = null)
    {
        shape ??= new TinyShape();
        var weights = new TinyWeights(shape.Seed);
        var rope = Rope(shape.HeadDim);
        var longRope = rope with { AttentionFactor = 1.2f, Beyond = new LongRopeSpec(32, Array.ConvertAll(rope.InverseFrequencies, f => f / 3)) };
        var spec = Model(shape, weights, NormKind.Rms, learnedPositions: false, () =>
        {
            var attention = Attention(shape, weights, bias: false) with
            {
                Rope = longRope,
                QueryNorm = weights.Norm(NormKind.Layer, shape.HeadDim),
                KeyNorm = weights.Norm(NormKind.Layer, shape.HeadDim),
                Scale = 0.3f,
            };
            return new LayerSpec(
                weights.Norm(NormKind.Rms, shape.Hidden), attention, weights.Norm(NormKind.Rms, shape.Hidden), GatedMlp(shape, weights), 0.4f);
        });
        return spec with { Heads = [spec.Heads[0] with { Output = weights.Linear(shape.Vocabulary, shape.Hidden, bias: true, gain: 2) }] };
    }

    internal static RopeSpec Rope(int dimensions, double theta = 10_000)
    {
        var frequencies = new float[dimensions / 2];
        for (var i = 0; i < frequencies.Length; i++) frequencies[i] = (float)Math.Pow(theta, -2.0 * i / dimensions);
        return new RopeSpec(dimensions, frequencies);
    }

    private static DecoderSpec Model(TinyShape shape, TinyWeights weights, NormKind norm, bool learnedPositions, Func<LayerSpec> layer)
    {
        var positions = learnedPositions ? weights.Matrix(shape.Positions, shape.Hidden, gain: 2) : null;
        return new DecoderSpec
        {
            HiddenSize = shape.Hidden,
            VocabularySize = shape.Vocabulary,
            MaxPositions = shape.Positions,
            Embeddings = [new EmbeddingSpec(weights.Matrix(shape.Vocabulary, shape.Hidden, gain: 8), positions)],
            Layers = [.. Enumerable.Range(0, shape.Layers).Select(_ => layer())],
            Heads = [new HeadSpec("lm_head", weights.Norm(norm, shape.Hidden), weights.Linear(shape.Vocabulary, shape.Hidden, gain: 2))],
        };
    }

    private static AttentionSpec Attention(TinyShape shape, TinyWeights weights, bool bias)
    {
        var queries = shape.Heads * shape.HeadDim;
        var keys = shape.KvHeads * shape.HeadDim;
        return new AttentionSpec(
            shape.Heads,
            shape.KvHeads,
            shape.HeadDim,
            weights.Linear(queries, shape.Hidden, bias, gain: 2),
            weights.Linear(keys, shape.Hidden, bias, gain: 2),
            weights.Linear(keys, shape.Hidden, bias),
            weights.Linear(shape.Hidden, queries, bias),
            1 / MathF.Sqrt(shape.HeadDim));
    }

    private static MlpSpec GatedMlp(TinyShape shape, TinyWeights weights) => new(
        Activation.Silu,
        weights.Linear(shape.Feed, shape.Hidden, gain: 2),
        weights.Linear(shape.Feed, shape.Hidden),
        weights.Linear(shape.Hidden, shape.Feed));
}
