using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>What each method adds to a model, with random weights.</summary>
public static class TinyMethods
{
    /// <summary>TaS: head 1 with a norm of its own after <paramref name="layer"/> layers.</summary>
    public static DecoderSpec WithTas(this DecoderSpec spec, int layer = 2, int seed = 2)
    {
        var weights = new TinyWeights(seed);
        var norm = weights.Norm(spec.Heads[0].Norm!.Kind, spec.HiddenSize);
        var head = new HeadSpec("thinking_head", norm, weights.Linear(spec.VocabularySize, spec.HiddenSize, gain: 2));
        return spec with { Heads = [spec.Heads[0], head], Cuts = layer == spec.Layers.Count ? [] : [layer] };
    }

    /// <summary>Bitune: adapter 0 generates, adapter 1 reads the prompt in both directions, blend 0 mixes the two.</summary>
    public static DecoderSpec WithBitune(this DecoderSpec spec, int seed = 3, int rank = 4)
    {
        var weights = new TinyWeights(seed);
        var random = new Random(seed);
        float[] Alpha() => [.. spec.Layers.Select(_ => random.NextSingle())];
        return spec with
        {
            Adapters = [Adapter(spec, weights, "default", rank), Adapter(spec, weights, "prefill", rank)],
            Blends = [new BlendSpec(Alpha(), Alpha())],
        };
    }

    /// <summary>Quiet-STaR: vector 0 starts a thought, vector 1 ends it, mixer 0 weighs it.</summary>
    public static DecoderSpec WithQuietStar(this DecoderSpec spec, int seed = 4)
    {
        var weights = new TinyWeights(seed);
        var hidden = spec.HiddenSize;
        return spec with
        {
            Vectors = [weights.Array(hidden, 1), weights.Array(hidden, 1)],
            Mixers =
            [
                new MixerSpec(
                [
                    weights.Linear(hidden, 2 * hidden, bias: true),
                    weights.Linear(hidden, hidden, bias: true),
                    weights.Linear(1, hidden),
                ]),
            ],
        };
    }

    /// <summary>
    /// ICoT-KD on GPT-2: emulator layers [0, L) under student layers [L, 2L); embedding 0 and side net 0 are the
    /// emulator's, embedding 1 and side net 1 the student's; head 0 is the student's.
    /// </summary>
    public static DecoderSpec IcotKd(TinyShape? shape = null, int mixtures = 3)
    {
        shape ??= new TinyShape();
        var emulator = TinyModels.Gpt2(shape);
        var student = TinyModels.Gpt2(shape with { Seed = shape.Seed + 1 });
        var weights = new TinyWeights(shape.Seed + 2);
        var hidden = shape.Hidden;
        var layers = Enumerable.Range(0, shape.Layers);
        return student with
        {
            Layers = [.. emulator.Layers, .. student.Layers],
            Embeddings = [emulator.Embeddings[0], student.Embeddings[0]],
            Cuts = [shape.Layers],
            SideNets =
            [
                new EmulatorSpec(
                    [.. layers.Select(_ => Mlp(weights, 2 * hidden, hidden))],
                    weights.Matrix(mixtures, hidden),
                    0.5f,
                    weights.Linear(4 * hidden, hidden, bias: true),
                    weights.Linear(4 * hidden, hidden, bias: true),
                    weights.Linear(hidden, hidden, bias: true),
                    weights.Linear(hidden, hidden, bias: true),
                    weights.Linear(hidden, 2 * hidden, bias: true)),
                new PerLayerMlpSpec([.. layers.Select(_ => Mlp(weights, hidden, hidden))]),
            ],
        };
    }

    private static (Linear In, Linear Out) Mlp(TinyWeights weights, int inputs, int hidden) =>
        (weights.Linear(4 * hidden, inputs, bias: true), weights.Linear(hidden, 4 * hidden, bias: true));

    private static AdapterSpec Adapter(DecoderSpec spec, TinyWeights weights, string name, int rank)
    {
        var targets = new Dictionary<(int, Projection), Lora>();
        for (var layer = 0; layer < spec.Layers.Count; layer++)
        {
            foreach (var (projection, linear) in Projections(spec.Layers[layer]))
                targets[(layer, projection)] = new Lora(weights.Matrix(rank, linear.Inputs), weights.Matrix(linear.Outputs, rank), 0.5f);
        }

        return new AdapterSpec(name, targets);
    }

    private static IEnumerable<(Projection Projection, Linear Linear)> Projections(LayerSpec layer)
    {
        yield return (Projection.Query, layer.Attention.Query);
        yield return (Projection.Key, layer.Attention.Key);
        yield return (Projection.Value, layer.Attention.Value);
        yield return (Projection.Output, layer.Attention.Output);
        if (layer.Mlp.Gate is { } gate) yield return (Projection.Gate, gate);
        yield return (Projection.Up, layer.Mlp.Up);
        yield return (Projection.Down, layer.Mlp.Down);
    }
}
