namespace InferenceServer.Requests;

/// <summary>Only with <c>stream</c>.</summary>
/// <param name="IncludeUsage">Sends a chunk without choices that carries the usage, before the end.</param>
/// <param name="IncludeObfuscation">Only false: this server does not pad its chunks.</param>
public sealed record StreamOptions(bool? IncludeUsage = null, bool? IncludeObfuscation = null);
