using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Benchmarks.Synthetic;

/// <summary>A model in the shape of Llama with random weights, in memory.</summary>
internal static class RandomModel
{
    /// <param name="thinkingLayer">Adds a thinking head there, whose weights are its own; null = none.</param>
    public static DecoderSpec Llama(LlamaShape shape, int? thinkingLayer = null, int positions = LlamaShape.Positions)
    {
        var seed = 0;
        var ones = Tensor.FromArray("norm", [shape.Hidden], [.. Enumerable.Repeat(1f, shape.Hidden)]);
        var norm = new NormSpec(NormKind.Rms, VectorWeight.Of(ones), null, LlamaShape.NormEpsilon);
        var frequencies = Enumerable.Range(0, shape.HeadDim / 2)
            .Select(i => (float)Math.Pow(LlamaShape.RopeTheta, -2.0 * i / shape.HeadDim)).ToArray();
        Matrix Weight(int outputs, int inputs) => Matrix.Of(NormalBlock.For(inputs).View($"random {seed}", outputs, inputs, seed++));
        Linear Product(int outputs, int inputs) => new(Weight(outputs, inputs));
        HeadSpec Head(string name, Matrix weight) => new(name, norm, new Linear(weight));

        var embedding = Weight(shape.Vocabulary, shape.Hidden);
        var head = Head("head", shape.Tied ? embedding : Weight(shape.Vocabulary, shape.Hidden));
        var kvWidth = shape.KvHeads * shape.HeadDim;
        return new DecoderSpec
        {
            HiddenSize = shape.Hidden,
            VocabularySize = shape.Vocabulary,
            MaxPositions = positions,
            Embeddings = [new EmbeddingSpec(embedding)],
            Heads = thinkingLayer is null ? [head] : [head, Head("thinking_head", Weight(shape.Vocabulary, shape.Hidden))],
            Cuts = thinkingLayer is { } layer && layer < shape.Layers ? [layer] : [],
            Layers =
            [
                .. Enumerable.Range(0, shape.Layers).Select(_ => new LayerSpec(
                    norm,
                    new AttentionSpec(
                        shape.Heads,
                        shape.KvHeads,
                        shape.HeadDim,
                        Product(shape.Hidden, shape.Hidden),
                        Product(kvWidth, shape.Hidden),
                        Product(kvWidth, shape.Hidden),
                        Product(shape.Hidden, shape.Hidden),
                        (float)(1 / Math.Sqrt(shape.HeadDim)),
                        new RopeSpec(shape.HeadDim, frequencies)),
                    norm,
                    new MlpSpec(Activation.Silu, Product(shape.Mlp, shape.Hidden), Product(shape.Mlp, shape.Hidden), Product(shape.Hidden, shape.Mlp)))),
            ],
        };
    }
}
