using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>Mistral 7B and its relatives: <c>model_type: mistral</c>.</summary>
internal static class Mistral
{
    // What the published configuration class assumes where a key is absent.
    private const int DefaultWindow = 4096;
    private const int DefaultKvHeads = 8;

    public static DecoderSpec Build(Checkpoint checkpoint)
    {
        // v0.1 has a window; later releases write null, which is not the same as leaving the key out.
        const string Key = "sliding_window";
        var window = checkpoint.Config.FindInteger(Key, 1, ModelLimits.Positions)
            ?? (checkpoint.Config.Keys.Contains(Key) ? null : DefaultWindow);
        return LlamaLayout.Build(checkpoint, new LlamaTraits
        {
            DefaultMaxPositions = 131_072,
            DefaultKvHeads = DefaultKvHeads,
            Windows = LayerWindows.Read(checkpoint.Config, window, _ => true),
        });
    }
}
