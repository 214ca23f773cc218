using System.Text.Json;
using InferenceServer.Errors;
using InferenceServer.Models.Engine;
using InferenceServer.Requests;

namespace InferenceServer.OpenAI;

/// <summary>Names and checks that the two OpenAI endpoints share.</summary>
internal static class Wording
{
    private const string Options = "stream_options";

    public static long Now() => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    public static string FinishReason(GenerationEvent.Finished finished) => finished.Reason == Models.Thinking.FinishReason.Length ? "length" : "stop";

    /// <returns>When the stream tells its usage.</returns>
    /// <exception cref="ApiException">400: options of a stream without a stream.</exception>
    public static UsageReports Reports(GenerationFields fields, StreamOptions? options, UnknownFields unknown)
    {
        if (options is null) return UsageReports.Never;
        CheckOptions(fields, options.IncludeObfuscation, options.Unknown, unknown);
        if (options.IncludeUsage == true) return options.ContinuousUsageStats == true ? UsageReports.Always : UsageReports.AtEnd;
        if (options.ContinuousUsageStats == true)
            throw ApiException.Invalid($"{Options}.continuous_usage_stats", "'continuous_usage_stats' needs 'include_usage': true.", "conflicting_parameters");
        return UsageReports.Never;
    }

    /// <summary>What the options of every stream have in common.</summary>
    /// <exception cref="ApiException">400: options of a stream without a stream, or of another kind of stream.</exception>
    public static void CheckOptions(GenerationFields fields, bool? includeObfuscation, Dictionary<string, JsonElement>? unknownOptions, UnknownFields unknown)
    {
        unknown.CheckInside(Options, unknownOptions);
        if (fields.Stream != true) throw ApiException.Invalid(Options, $"'{Options}' is only allowed with 'stream': true.");
        if (includeObfuscation == true)
            throw ApiException.Invalid($"{Options}.include_obfuscation", "This server does not pad what it streams: send 'include_obfuscation' false, or leave it out.", "unsupported_parameter");
    }
}
