using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Thinking;

/// <summary>Which of a spec's adapters and blends a model uses; models with others share the same base and engine.</summary>
/// <param name="Causal">Adapter of prompt and answer, or <see cref="RowGroup.NoAdapter"/>.</param>
/// <param name="Bidirectional">Bitune: adapter of the unmasked pass over the prompt.</param>
/// <param name="Blend">Bitune: how the two passes are mixed.</param>
/// <param name="Unmasked">Bitune: the layers whose second pass has no mask; in the others it is causal too.</param>
public sealed record ModelAdapters(
    int Causal = RowGroup.NoAdapter, int Bidirectional = RowGroup.NoAdapter, int Blend = 0, LayerRange Unmasked = default)
{
    public static ModelAdapters None { get; } = new();
}
