using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Benchmarks;

/// <summary>A model in the shape of Llama with random weights, in memory.</summary>
internal static class RandomModel
{
    /// <summary>Head and embedding are one matrix; the MLP is 8/3 as wide as the model.</summary>
    public static DecoderSpec Llama(int layers, int hidden, int heads, int vocabulary, int positions)
    {
        var random = new Random(1);
        var mlp = hidden * 8 / 3 / 32 * 32;
        var headDim = hidden / heads;
        var frequencies = Enumerable.Range(0, headDim / 2).Select(i => (float)Math.Pow(10000, -2.0 * i / headDim)).ToArray();
        var ones = Tensor.FromArray("norm", [hidden], [.. Enumerable.Repeat(1f, hidden)]);
        var norm = new NormSpec(NormKind.Rms, VectorWeight.Of(ones), null, 1e-5f);
        Matrix Weight(int outputs, int inputs)
        {
            var data = new float[outputs * inputs];
            for (var i = 0; i < data.Length; i++) data[i] = (random.NextSingle() - 0.5f) / MathF.Sqrt(inputs);
            return Matrix.Of(Tensor.FromArray("random", [outputs, inputs], data));
        }

        Linear Product(int outputs, int inputs) => new(Weight(outputs, inputs));
        var embedding = Weight(vocabulary, hidden);
        return new DecoderSpec
        {
            HiddenSize = hidden,
            VocabularySize = vocabulary,
            MaxPositions = positions,
            Embeddings = [new EmbeddingSpec(embedding)],
            Heads = [new HeadSpec("head", norm, new Linear(embedding))],
            Layers =
            [
                .. Enumerable.Range(0, layers).Select(_ => new LayerSpec(
                    norm,
                    new AttentionSpec(
                        heads,
                        heads,
                        headDim,
                        Product(hidden, hidden),
                        Product(hidden, hidden),
                        Product(hidden, hidden),
                        Product(hidden, hidden),
                        (float)(1 / Math.Sqrt(headDim)),
                        new RopeSpec(headDim, frequencies)),
                    norm,
                    new MlpSpec(Activation.Silu, Product(mlp, hidden), Product(mlp, hidden), Product(hidden, mlp)))),
            ],
        };
    }
}
