using InferenceServer.Errors;
using InferenceServer.Hosting;
using InferenceServer.Models;
using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Requests;

/// <summary>How many tokens may be generated behind a prompt, by the model's context and its KV memory.</summary>
public sealed class ContextRoom(ServerSettings settings)
{
    /// <param name="least">Tokens that are to be generated at least.</param>
    /// <returns>At least that many.</returns>
    /// <exception cref="ApiException">400 with code context_length_exceeded: nothing fits behind the prompt.</exception>
    public int After(int promptTokens, int thoughtTokens, ServedModel model, int least = 1)
    {
        var positions = Math.Min(model.ContextLength, model.Engine.KvCapacityTokens / Tables(model.Thinking));
        var longest = positions - Markers(model.Thinking) - least;
        if (settings.MaxPromptTokens > 0) longest = Math.Min(longest, settings.MaxPromptTokens);
        var taken = (long)promptTokens + thoughtTokens;
        if (taken <= longest) return (int)(positions - Markers(model.Thinking) - taken);
        var what = thoughtTokens > 0 ? "The prompt and the thought have" : "The prompt has";
        throw ApiException.Invalid(
            "prompt", $"{what} {taken} tokens; '{model.Name}' takes at most {longest}{(least > 0 ? " and leaves room for an answer" : "")}.", "context_length_exceeded");
    }

    // Positions a method needs beside prompt, thought and answer (its markers and vectors).
    private static int Markers(ThinkingBlock thinking) => thinking.Method switch
    {
        ThinkingMethod.Tas => 2,
        ThinkingMethod.QuietStar => thinking.SampledThoughtTokens + 2,
        _ => 0,
    };

    // Bitune holds the prompt twice until its two passes are blended.
    private static int Tables(ThinkingBlock thinking) => thinking.Method == ThinkingMethod.Bitune ? 2 : 1;
}
