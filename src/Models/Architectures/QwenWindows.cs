using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Models.Architectures;

/// <summary>
/// Which layers of a Qwen model see only a window: none unless <c>use_sliding_window</c>, then those that
/// <c>layer_types</c> names, or those from <c>max_window_layers</c> on.
/// </summary>
internal static class QwenWindows
{
    public static Func<int, int?> Read(ConfigSection config)
    {
        const string Types = "layer_types";
        var window = config.FindFlag("use_sliding_window") ?? false
            ? config.FindInteger("sliding_window", 1, ModelLimits.Positions) ?? 4096
            : (int?)null;
        if (config.FindTexts(Types, ModelLimits.Layers) is not { } types)
        {
            var first = config.FindInteger("max_window_layers", 0, ModelLimits.Layers) ?? 28;
            return layer => layer >= first ? window : null;
        }

        var layers = config.RequireInteger("num_hidden_layers", 1, ModelLimits.Layers);
        if (types.Count != layers || types.Any(type => type is not ("full_attention" or "sliding_attention")))
            throw config.Invalid(Types, $"{layers} times full_attention or sliding_attention", CheckpointErrorKind.ArchitectureUnsupported);
        return layer => types[layer] == "sliding_attention" ? window : null;
    }
}
