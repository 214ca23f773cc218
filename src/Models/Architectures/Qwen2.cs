using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>Qwen2 and Qwen2.5: <c>model_type: qwen2</c>. Queries, keys and values have biases, the output has none.</summary>
internal static class Qwen2
{
    public static DecoderSpec Build(Checkpoint checkpoint) => LlamaLayout.Build(checkpoint, new LlamaTraits
    {
        DefaultMaxPositions = 32_768,
        QkvBias = true,
        Windows = QwenWindows.Read(checkpoint.Config),
    });
}
