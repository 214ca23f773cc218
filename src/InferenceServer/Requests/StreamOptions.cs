using System.Text.Json;
using System.Text.Json.Serialization;

namespace InferenceServer.Requests;

/// <summary>Only with <c>stream</c>.</summary>
public sealed record StreamOptions
{
    /// <summary>Sends a chunk without choices that carries the usage, before the end.</summary>
    public bool? IncludeUsage { get; init; }

    /// <summary>Only false: this server does not pad its chunks.</summary>
    public bool? IncludeObfuscation { get; init; }

    /// <summary>Puts the usage so far into every chunk; needs include_usage.</summary>
    public bool? ContinuousUsageStats { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>When a stream says how many tokens it took.</summary>
public enum UsageReports
{
    Never,
    AtEnd,
    Always,
}
