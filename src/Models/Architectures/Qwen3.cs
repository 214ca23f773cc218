using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>Qwen3, dense: <c>model_type: qwen3</c>. Query and key heads are normed, and have a size of their own.</summary>
internal static class Qwen3
{
    public static DecoderSpec Build(Checkpoint checkpoint)
    {
        var bias = checkpoint.Config.FindFlag("attention_bias") ?? false;
        return LlamaLayout.Build(checkpoint, new LlamaTraits
        {
            DefaultMaxPositions = 32_768,
            DefaultHeadDim = 128,
            QkvBias = bias,
            OutputBias = bias,
            QkNorm = true,
            Windows = QwenWindows.Read(checkpoint.Config),
        });
    }
}
