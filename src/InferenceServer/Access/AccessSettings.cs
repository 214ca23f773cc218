using System.Text.RegularExpressions;
using InferenceServer.Hosting;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.Json;

namespace InferenceServer.Access;

/// <summary>Section <c>Access</c>: who may use the server, and how much. Without keys everybody may.</summary>
public sealed partial record AccessSettings
{
    public const string Section = "Access";

    public IReadOnlyList<KeySettings> Keys { get; init; } = [];

    /// <summary>Requests a minute of each key that says nothing else; of all clients together where there are no keys. 0 = no limit.</summary>
    public int RequestsPerMinute { get; init; }

    /// <summary>Prompt and generated tokens a minute, likewise.</summary>
    public int TokensPerMinute { get; init; }

    /// <summary>Whether /metrics needs a key too.</summary>
    public bool ProtectMetrics { get; init; }

    /// <summary>Origins whose pages may call the server from a browser; <c>*</c> = any. None by default: no CORS headers at all.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <exception cref="SettingsException">Names the setting and what it may be.</exception>
    internal void Validate()
    {
        SettingsException.Require(RequestsPerMinute >= 0, Section, nameof(RequestsPerMinute), "0 or more", RequestsPerMinute);
        SettingsException.Require(TokensPerMinute >= 0, Section, nameof(TokensPerMinute), "0 or more", TokensPerMinute);
        foreach (var origin in CorsOrigins)
            SettingsException.Require(IsOrigin(origin), Section, nameof(CorsOrigins), "an origin such as https://chat.example.org, or *", origin);
        for (var i = 0; i < Keys.Count; i++) Keys[i].Validate($"{Section}:{nameof(Keys)}:{i}");
        var twice = Keys.GroupBy(key => key.Name).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null) throw new SettingsException($"Two keys have the name '{twice.Key}': set {Section}:{nameof(Keys)}:N:{nameof(KeySettings.Name)}.");
        if (Keys.Select(key => Convert.ToHexString(key.Digest())).Distinct().Count() < Keys.Count)
            throw new SettingsException($"Two entries of {Section}:{nameof(Keys)} are the same key.");
    }

    /// <summary>A key in plain text belongs in no file, and not on a command line, which every process of the machine can read.</summary>
    /// <exception cref="SettingsException">There is one.</exception>
    internal void RequirePlainKeysFromEnvironment(IConfiguration configuration)
    {
        if (configuration is not IConfigurationRoot root) return;
        foreach (var provider in root.Providers.Where(provider => provider is JsonConfigurationProvider or CommandLineConfigurationProvider))
        {
            for (var i = 0; i < Keys.Count; i++)
            {
                var name = $"{Section}:{nameof(Keys)}:{i}:{nameof(KeySettings.Key)}";
                if (!provider.TryGet(name, out _)) continue;
                throw new SettingsException(
                    $"{name} must not stand in a file or on the command line: give its hash as {nameof(KeySettings.Sha256)} (printf %s KEY | sha256sum), "
                    + $"or the key in the environment variable {name.Replace(":", "__", StringComparison.Ordinal)}.");
            }
        }
    }

    internal static bool IsName(string? name) => name is not null && Names().IsMatch(name);

    private static bool IsOrigin(string text) => text == "*"
        || (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.GetLeftPart(UriPartial.Authority).Equals(text, StringComparison.OrdinalIgnoreCase));

    [GeneratedRegex("^[A-Za-z0-9._-]{1,64}$")]
    private static partial Regex Names();
}
