using InferenceServer.Errors;
using InferenceServer.Models.Engine;
using InferenceServer.Requests;

namespace InferenceServer.OpenAI;

/// <summary>Names and checks that the two OpenAI endpoints share.</summary>
internal static class Wording
{
    public static long Now() => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    public static string FinishReason(GenerationEvent.Finished finished) => finished.Reason == Models.Thinking.FinishReason.Length ? "length" : "stop";

    /// <returns>When the stream tells its usage.</returns>
    /// <exception cref="ApiException">400: options of a stream without a stream.</exception>
    public static UsageReports Reports(GenerationFields fields, StreamOptions? options)
    {
        const string Param = "stream_options";
        if (options is null) return UsageReports.Never;
        if (fields.Stream != true) throw ApiException.Invalid(Param, $"'{Param}' is only allowed with 'stream': true.");
        if (options.IncludeObfuscation == true)
            throw ApiException.Invalid($"{Param}.include_obfuscation", "This server does not pad its chunks: leave 'include_obfuscation' out.", "unsupported_parameter");
        if (options.IncludeUsage == true) return options.ContinuousUsageStats == true ? UsageReports.Always : UsageReports.AtEnd;
        if (options.ContinuousUsageStats == true)
            throw ApiException.Invalid($"{Param}.continuous_usage_stats", "'continuous_usage_stats' needs 'include_usage': true.", "conflicting_parameters");
        return UsageReports.Never;
    }
}
