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
        var window = config.FindFlag("use_sliding_window") ?? false
            ? config.FindInteger("sliding_window", 1, ModelLimits.Positions) ?? 4096
            : (int?)null;
        var first = config.FindInteger("max_window_layers", 0, ModelLimits.Layers) ?? 28;
        return LayerWindows.Read(config, window, layer => layer >= first);
    }
}
