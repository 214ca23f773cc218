using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>
/// Phi-3, Phi-3.5 and Phi-4, dense (arXiv 2404.14219): <c>model_type: phi3</c>. Llama with fused matrices, a window and
/// LongRoPE; Phi-4-mini rotates only part of a head.
/// </summary>
internal static class Phi3
{
    public static readonly LoraLayout Lora = new("layers", new Dictionary<string, IReadOnlyList<Projection>>
    {
        ["self_attn.qkv_proj"] = [Projection.Query, Projection.Key, Projection.Value],
        ["self_attn.o_proj"] = [Projection.Output],
        ["mlp.gate_up_proj"] = [Projection.Gate, Projection.Up],
        ["mlp.down_proj"] = [Projection.Down],
    });

    public static DecoderSpec Build(Checkpoint checkpoint)
    {
        const string Bias = "attention_bias";
        var config = checkpoint.Config;
        if (config.FindFlag(Bias) ?? false) throw config.Invalid(Bias, "false", CheckpointErrorKind.ArchitectureUnsupported);
        var window = config.FindInteger("sliding_window", 1, ModelLimits.Positions);
        return LlamaLayout.Build(checkpoint, new LlamaTraits
        {
            DefaultMaxPositions = 4096,
            DefaultEpsilon = 1e-5,
            DefaultRotaryShare = 1,
            Fused = true,
            Windows = LayerWindows.Read(config, window, _ => true),
        });
    }
}
