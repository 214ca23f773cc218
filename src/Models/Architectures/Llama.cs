using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>Llama 1–3, SmolLM2, TinyLlama and the llama2.c models: <c>model_type: llama</c>.</summary>
internal static class Llama
{
    public static DecoderSpec Build(Checkpoint checkpoint)
    {
        var bias = checkpoint.Config.FindFlag("attention_bias") ?? false;
        return LlamaLayout.Build(checkpoint, new LlamaTraits
        {
            DefaultMaxPositions = 2048,
            QkvBias = bias,
            OutputBias = bias,
            MlpBias = checkpoint.Config.FindFlag("mlp_bias") ?? false,
        });
    }
}
