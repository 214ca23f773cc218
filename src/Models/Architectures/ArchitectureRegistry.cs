using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>The families this server knows, by <c>model_type</c> of <c>config.json</c>.</summary>
public static class ArchitectureRegistry
{
    private static readonly SortedDictionary<string, Func<Checkpoint, DecoderSpec>> Families = new(StringComparer.Ordinal)
    {
        ["gpt2"] = Gpt2.Build,
        ["llama"] = Llama.Build,
        ["mistral"] = Mistral.Build,
        ["qwen2"] = Qwen2.Build,
        ["qwen3"] = Qwen3.Build,
    };

    /// <summary>Supported values of <c>model_type</c>.</summary>
    public static IReadOnlyCollection<string> ModelTypes => Families.Keys;

    /// <summary>Maps a checkpoint's tensors to the base model, without what its method adds.</summary>
    /// <exception cref="CheckpointException">The family or a key of it is not supported, or a tensor does not fit.</exception>
    public static DecoderSpec Build(Checkpoint checkpoint)
    {
        const string Key = "model_type";
        const string Quantised = "quantization_config";
        var config = checkpoint.Config;
        var supported = $"one of {string.Join(", ", Families.Keys)}";
        var type = config.FindText(Key) ?? throw config.Missing(Key, supported, CheckpointErrorKind.ArchitectureUnsupported);
        if (!Families.TryGetValue(type, out var build)) throw config.Invalid(Key, supported, CheckpointErrorKind.ArchitectureUnsupported);
        if (config.Has(Quantised))
            throw config.Invalid(Quantised, "none: save the model as F32, F16 or BF16", CheckpointErrorKind.ArchitectureUnsupported);
        return build(checkpoint);
    }
}
