using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>The names configurations give to activations.</summary>
internal static class Activations
{
    public static Activation Read(ConfigSection config, string key, string fallback) => (config.FindText(key) ?? fallback) switch
    {
        "silu" or "swish" => Activation.Silu,
        "gelu" => Activation.Gelu,
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => Activation.GeluTanh,
        "relu" => Activation.Relu,
        _ => throw config.Invalid(
            key, "silu, gelu, gelu_new, gelu_pytorch_tanh, gelu_fast or relu", CheckpointErrorKind.ArchitectureUnsupported),
    };
}
