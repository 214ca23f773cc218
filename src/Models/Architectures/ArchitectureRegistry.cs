using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>The families this server knows, by <c>model_type</c> of <c>config.json</c>.</summary>
public static class ArchitectureRegistry
{
    private static readonly SortedDictionary<string, Family> Families = new(StringComparer.Ordinal)
    {
        ["gemma"] = new(Gemma.Build, LlamaLayout.Lora),
        ["gpt2"] = new(Gpt2.Build, Gpt2.Lora),
        ["granite"] = new(Granite.Build, LlamaLayout.Lora),
        ["llama"] = new(Llama.Build, LlamaLayout.Lora),
        ["mistral"] = new(Mistral.Build, LlamaLayout.Lora),
        ["phi"] = new(Phi.Build, Phi.Lora),
        ["phi3"] = new(Phi3.Build, Phi3.Lora),
        ["qwen2"] = new(Qwen2.Build, LlamaLayout.Lora),
        ["qwen3"] = new(Qwen3.Build, LlamaLayout.Lora),
        ["quiet"] = new(Mistral.Build, LlamaLayout.Lora), // a re-upload of Quiet-STaR
    };

    // Relatives of a supported family that are easily taken for it.
    private static readonly Dictionary<string, string> Refused = new(StringComparer.Ordinal)
    {
        ["granitemoe"] = "Granite's mixtures of experts are not supported, its dense models ('granite') are.",
        ["granitemoeshared"] = "Granite's mixtures of experts are not supported, its dense models ('granite') are.",
        ["granitemoehybrid"] = "Granite's mixtures of experts are not supported, its dense models ('granite') are.",
        ["phimoe"] = "Phi's mixture of experts is not supported, the dense models ('phi3') are.",
        ["phi-msft"] = "This is Phi in the names of its first code; take a later revision of the model, whose type is 'phi'.",
        ["mixformer-sequential"] = "This is Phi in the names of its first code; take a later revision of the model, whose type is 'phi'.",
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
        if (Families.TryGetValue(type, out var family)) return family;
        if (!Refused.TryGetValue(type, out var why)) throw config.Invalid(Key, supported, CheckpointErrorKind.ArchitectureUnsupported);
        throw new CheckpointException(CheckpointErrorKind.ArchitectureUnsupported, config.File, why, $"key '{Key}'", supported, type);
    }
}
