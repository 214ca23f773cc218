using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>The families this server knows, by <c>model_type</c> of <c>config.json</c>.</summary>
public static class ArchitectureRegistry
{
    private static readonly SortedDictionary<string, Family> Families = new(StringComparer.Ordinal)
    {
        ["gpt2"] = new(Gpt2.Build, Gpt2.Lora),
        ["llama"] = new(Llama.Build, LlamaLayout.Lora),
        ["mistral"] = new(Mistral.Build, LlamaLayout.Lora),
        ["qwen2"] = new(Qwen2.Build, LlamaLayout.Lora),
        ["qwen3"] = new(Qwen3.Build, LlamaLayout.Lora),
    };

    /// <summary>Supported values of <c>model_type</c>.</summary>
    public static IReadOnlyCollection<string> ModelTypes => Families.Keys;

    /// <summary>Maps a checkpoint's tensors to the base model, without what its method adds.</summary>
    /// <exception cref="CheckpointException">The family or a key of it is not supported, or a tensor does not fit.</exception>
    public static DecoderSpec Build(Checkpoint checkpoint)
    {
        const string Quantised = "quantization_config";
        var family = Find(checkpoint.Config);
        if (checkpoint.Config.Has(Quantised))
        {
            throw checkpoint.Config.Invalid(
                Quantised, "none: save the model as F32, F16 or BF16", CheckpointErrorKind.ArchitectureUnsupported);
        }

        return family.Build(checkpoint);
    }

    /// <summary>The names of the modules that adapters of this checkpoint may target.</summary>
    /// <exception cref="CheckpointException">The family is not supported.</exception>
    public static LoraLayout Lora(Checkpoint checkpoint) => Find(checkpoint.Config).Lora;

    private static Family Find(ConfigSection config)
    {
        const string Key = "model_type";
        var supported = $"one of {string.Join(", ", Families.Keys)}";
        var type = config.FindText(Key) ?? throw config.Missing(Key, supported, CheckpointErrorKind.ArchitectureUnsupported);
        return Families.TryGetValue(type, out var family)
            ? family
            : throw config.Invalid(Key, supported, CheckpointErrorKind.ArchitectureUnsupported);
    }
}
