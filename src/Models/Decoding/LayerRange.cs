namespace InferenceServer.Models.Decoding;

/// <summary>Layers Lo..Hi−1. A hidden state at boundary b is what layer b−1 put out and layer b takes in.</summary>
public readonly record struct LayerRange(int Lo, int Hi)
{
    public int Count => Hi - Lo;

    public override string ToString() => $"[{Lo},{Hi})";
}
