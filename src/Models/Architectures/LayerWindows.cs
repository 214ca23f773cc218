using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Models.Architectures;

/// <summary>The attention window of each layer; <c>layer_types</c>, where it stands, says which layers have one.</summary>
internal static class LayerWindows
{
    /// <param name="window">The model's window; null = none.</param>
    /// <param name="otherwise">Whether a layer has the window where there is no <c>layer_types</c>.</param>
    public static Func<int, int?> Read(ConfigSection config, int? window, Func<int, bool> otherwise)
    {
        const string Key = "layer_types";
        if (config.FindTexts(Key, ModelLimits.Layers) is not { } types) return layer => otherwise(layer) ? window : null;

        var layers = config.RequireInteger("num_hidden_layers", 1, ModelLimits.Layers);
        if (types.Count != layers || types.Any(type => type is not ("full_attention" or "sliding_attention")))
            throw config.Invalid(Key, $"{layers} times full_attention or sliding_attention", CheckpointErrorKind.ArchitectureUnsupported);
        return layer => types[layer] == "sliding_attention" ? window : null;
    }
}
