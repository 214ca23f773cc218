using System.Text.Json;
using System.Text.RegularExpressions;

namespace InferenceServer.Models.Checkpoints;

/// <summary>
/// Which modules an adapter was trained on, as <c>adapter_config.json</c> says it: a list of names, a regular expression
/// over the whole path, or <c>all-linear</c>.
/// </summary>
internal sealed class LoraTargets
{
    private const string Key = "target_modules";
    private const string ExcludeKey = "exclude_modules";
    private const string LayersKey = "layers_to_transform";
    private const string AllLinear = "all-linear";
    private const int MaxEntries = 1 << 16;
    private static readonly TimeSpan MatchPatience = TimeSpan.FromSeconds(1);

    private readonly Func<string, bool>? _targets;
    private readonly Func<string, bool>? _excludes;
    private readonly IReadOnlyList<int>? _layers;

    private LoraTargets(Func<string, bool>? targets, Func<string, bool>? excludes, IReadOnlyList<int>? layers)
    {
        _targets = targets;
        _excludes = excludes;
        _layers = layers;
    }

    public static LoraTargets Read(ConfigSection config) =>
        new(Matcher(config, Key), Matcher(config, ExcludeKey), config.FindIntegers(LayersKey, 0, int.MaxValue, MaxEntries));

    /// <summary>Whether a linear module of a layer is a target; null where the file leaves it to PEFT's table of families.</summary>
    /// <param name="path">Path within the base model, as in <c>model.layers.3.mlp.up_proj</c>.</param>
    public bool? Has(string path, int layer)
    {
        if (_targets is null) return null;
        return _targets(path) && _excludes?.Invoke(path) != true && (_layers is null || _layers.Contains(layer));
    }

    /// <summary>A pattern as PEFT reads it: the end of a path, as a regular expression.</summary>
    internal static bool EndsWith(string path, string pattern, ConfigSection config, string key)
    {
        // Names are the rule; a pattern is compiled only where it is more than one.
        if (pattern.All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '-'))
            return path == pattern || path.EndsWith('.' + pattern, StringComparison.Ordinal);
        return Regex(config, key, $@"^(?:.*\.)?(?:{pattern})\z").IsMatch(path);
    }

    private static Func<string, bool>? Matcher(ConfigSection config, string key)
    {
        if (!config.Has(key)) return null;
        if (config.Json.GetProperty(key).ValueKind == JsonValueKind.Array)
        {
            var names = config.FindTexts(key, MaxEntries)!;
            if (names.Count == 0) return null;
            return path => names.Any(name => path == name || path.EndsWith('.' + name, StringComparison.Ordinal));
        }

        var pattern = config.RequireText(key);
        if (pattern == AllLinear) return _ => true;
        var regex = Regex(config, key, $@"^(?:{pattern})\z");
        return regex.IsMatch;
    }

    private static Regex Regex(ConfigSection config, string key, string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.CultureInvariant, MatchPatience);
        }
        catch (ArgumentException)
        {
            throw config.Invalid(key, "names of modules, a regular expression, or all-linear");
        }
    }
}
