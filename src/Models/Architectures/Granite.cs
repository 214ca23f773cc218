using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>
/// Granite 3, dense: <c>model_type: granite</c>. Llama with four factors, each 1 where its key is absent: of the
/// embedding, of q·k (in place of 1/sqrt(head_dim)), of what attention and MLP add, and a divisor of the logits.
/// </summary>
internal static class Granite
{
    public static DecoderSpec Build(Checkpoint checkpoint)
    {
        var config = checkpoint.Config;
        var bias = config.FindFlag("attention_bias") ?? false;
        var embedding = Factor("embedding_multiplier");
        return LlamaLayout.Build(checkpoint, new LlamaTraits
        {
            DefaultMaxPositions = 2048,
            QkvBias = bias,
            OutputBias = bias,
            MlpBias = config.FindFlag("mlp_bias") ?? false,
            EmbeddingScale = _ => (float)embedding,
            AttentionScale = (float)Factor("attention_multiplier"),
            ResidualScale = (float)Factor("residual_multiplier"),
            LogitsScale = (float)(1 / Factor("logits_scaling")),
        });

        double Factor(string key) => config.FindNumber(key, 1e-6, 1e6) ?? 1;
    }
}
