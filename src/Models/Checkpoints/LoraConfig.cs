using System.Text.Json;

namespace InferenceServer.Models.Checkpoints;

/// <summary>
/// A PEFT LoRA's <c>adapter_config.json</c> (LoRA: arXiv 2106.09685; rank-stabilised scaling: arXiv 2312.03732). What
/// would change the arithmetic and is not done here is refused by name.
/// </summary>
public sealed class LoraConfig
{
    private const string RankKey = "r";
    private const string AlphaKey = "lora_alpha";
    private const string RankPatternKey = "rank_pattern";
    private const string AlphaPatternKey = "alpha_pattern";
    private const int MaxRank = 1 << 16;
    private const double MaxAlpha = 1e6;

    // A value here that is neither null, false nor empty changes what the adapter computes.
    private static readonly string[] Unsupported =
    [
        "use_dora", "lora_bias", "layer_replication", "trainable_token_indices", "target_parameters", "use_qalora", "alora_invocation_tokens",
        "arrow_config", "use_bdlora",
    ];

    // These initialisations also change the base's weights, so that the adapter does not fit the published ones.
    private static readonly string[] ForeignInitialisations = ["pissa", "olora", "corda", "loftq"];

    private readonly ConfigSection _config;
    private readonly int _rank;
    private readonly double _alpha;
    private readonly bool _stabilised;
    private readonly IReadOnlyList<(string Pattern, double Value)> _ranks;
    private readonly IReadOnlyList<(string Pattern, double Value)> _alphas;

    private LoraConfig(ConfigSection config)
    {
        _config = config;
        _rank = config.FindInteger(RankKey, 1, MaxRank) ?? 8;
        _alpha = config.FindNumber(AlphaKey, -MaxAlpha, MaxAlpha) ?? 8;
        _stabilised = config.FindFlag("use_rslora") ?? false;
        _ranks = Patterns(RankPatternKey, section => key => section.RequireInteger(key, 1, MaxRank));
        _alphas = Patterns(AlphaPatternKey, section => key => section.RequireNumber(key, -MaxAlpha, MaxAlpha));
        Targets = LoraTargets.Read(config);
        BaseModel = config.FindText("base_model_name_or_path");
    }

    public string File => _config.File;

    /// <summary>What the adapter was trained on: a folder or a name.</summary>
    public string? BaseModel { get; }

    internal LoraTargets Targets { get; }

    /// <param name="allowedModules">Trained modules, beside the adapter's own, that the method knows what to do with.</param>
    /// <exception cref="CheckpointException">Something about the adapter is not supported; says what.</exception>
    public static LoraConfig Read(ConfigSection config, params IReadOnlyList<string> allowedModules)
    {
        const string Type = "peft_type";
        const string Bias = "bias";
        const string Saved = "modules_to_save";
        const string Initialisation = "init_lora_weights";
        if (config.FindText(Type) is not (null or "LORA")) throw Refuse(config, Type, "LORA");
        if (config.FindText(Bias) is not (null or "none")) throw Refuse(config, Bias, "none: trained biases are not applied");
        foreach (var key in Unsupported)
        {
            if (config.Has(key) && IsSet(config.Json.GetProperty(key))) throw Refuse(config, key, "nothing, or false: this server applies plain and rank-stabilised LoRA");
        }

        if (config.Has(Saved) && (config.FindTexts(Saved, 1024) ?? []).Any(module => !allowedModules.Contains(module)))
            throw Refuse(config, Saved, allowedModules.Count == 0 ? "none: merge the adapter into its base to serve such modules" : $"only {string.Join(", ", allowedModules)}");
        if (config.Has(Initialisation)
            && config.Json.GetProperty(Initialisation) is { ValueKind: JsonValueKind.String } text
            && ForeignInitialisations.Any(name => text.GetString()!.StartsWith(name, StringComparison.OrdinalIgnoreCase)))
        {
            throw Refuse(config, Initialisation, "one that leaves the base's weights alone: save the adapter converted to plain LoRA");
        }

        return new LoraConfig(config);
    }

    /// <summary>Rank and scale of a module, by its path within the base model.</summary>
    public (int Rank, float Scale) Of(string path)
    {
        var rank = (int)(Find(_ranks, path, RankPatternKey) ?? _rank);
        var alpha = Find(_alphas, path, AlphaPatternKey) ?? _alpha;
        return (rank, (float)(alpha / (_stabilised ? Math.Sqrt(rank) : rank)));
    }

    private static bool IsSet(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => false,
        JsonValueKind.Array => value.GetArrayLength() > 0,
        JsonValueKind.Object => value.EnumerateObject().Any(),
        _ => true,
    };

    private static CheckpointException Refuse(ConfigSection config, string key, string expected) =>
        config.Invalid(key, expected, CheckpointErrorKind.AdapterUnsupported);

    private List<(string Pattern, double Value)> Patterns(string key, Func<ConfigSection, Func<string, double>> read)
    {
        if (_config.FindSection(key) is not { } section) return [];
        var value = read(section);
        return [.. section.Keys.Select(pattern => (pattern, value(pattern)))];
    }

    private double? Find(IReadOnlyList<(string Pattern, double Value)> patterns, string path, string key)
    {
        foreach (var (pattern, value) in patterns)
        {
            if (LoraTargets.EndsWith(path, pattern, _config, key)) return value;
        }

        return null;
    }
}
