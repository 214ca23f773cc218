using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Torch;

/// <summary>Every matrix of a model, shared ones as often as they are used.</summary>
internal static class ModelMatrices
{
    public static IEnumerable<Matrix> Of(DecoderSpec spec)
    {
        foreach (var embedding in spec.Embeddings)
        {
            yield return embedding.Tokens;
            if (embedding.Positions is { } positions) yield return positions;
        }

        foreach (var matrix in spec.Layers.SelectMany(Of)) yield return matrix;
        foreach (var head in spec.Heads) yield return head.Output.Weight;
        foreach (var lora in spec.Adapters.SelectMany(adapter => adapter.Targets.Values))
        {
            yield return lora.A;
            yield return lora.B;
        }

        foreach (var linear in spec.Mixers.SelectMany(mixer => mixer.Layers).Concat(spec.SideNets.SelectMany(Linears))) yield return linear.Weight;
    }

    public static IEnumerable<Matrix> Of(LayerSpec layer)
    {
        var (attention, mlp) = (layer.Attention, layer.Mlp);
        Linear[] always = [attention.Query, attention.Key, attention.Value, attention.Output, mlp.Up, mlp.Down];
        return always.Append(mlp.Gate).OfType<Linear>().Select(linear => linear.Weight);
    }

    private static IEnumerable<Linear> Linears(SideNetSpec net) => net switch
    {
        EmulatorSpec emulator =>
        [
            .. emulator.Mlps.SelectMany(mlp => new[] { mlp.In, mlp.Out }),
            emulator.LstmInput,
            emulator.LstmHidden,
            emulator.KeyProjection,
            emulator.QueryProjection,
            emulator.OutProjection,
        ],
        PerLayerMlpSpec mlps => mlps.Mlps.SelectMany(mlp => new[] { mlp.In, mlp.Out }),
        _ => [],
    };
}
