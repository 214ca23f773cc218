using InferenceServer.Errors;
using InferenceServer.Models.Engine;
using InferenceServer.Requests;

namespace InferenceServer.OpenAI;

/// <summary>Names and checks that the two OpenAI endpoints share.</summary>
internal static class Wording
{
    public static long Now() => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    public static string FinishReason(GenerationEvent.Finished finished) => finished.Reason == Models.Thinking.FinishReason.Length ? "length" : "stop";

    /// <returns>Whether the stream ends with a chunk of usage.</returns>
    /// <exception cref="ApiException">400: options of a stream without a stream.</exception>
    public static bool IncludesUsage(GenerationFields fields, StreamOptions? options)
    {
        const string Param = "stream_options";
        if (options is null) return false;
        if (fields.Stream != true) throw ApiException.Invalid(Param, $"'{Param}' is only allowed with 'stream': true.");
        if (options.IncludeObfuscation == true)
            throw ApiException.Invalid($"{Param}.include_obfuscation", "This server does not pad its chunks: leave 'include_obfuscation' out.", "unsupported_parameter");
        return options.IncludeUsage == true;
    }
}
