namespace InferenceServer.Requests;

/// <summary>Only with <c>stream</c>.</summary>
/// <param name="IncludeUsage">Sends a chunk without choices that carries the usage, before the end.</param>
/// <param name="IncludeObfuscation">Only false: this server does not pad its chunks.</param>
/// <param name="ContinuousUsageStats">Puts the usage so far into every chunk; needs include_usage.</param>
public sealed record StreamOptions(bool? IncludeUsage = null, bool? IncludeObfuscation = null, bool? ContinuousUsageStats = null);

/// <summary>When a stream says how many tokens it took.</summary>
public enum UsageReports
{
    Never,
    AtEnd,
    Always,
}
