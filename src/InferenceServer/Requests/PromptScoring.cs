using InferenceServer.Errors;
using InferenceServer.Hosting;
using InferenceServer.Models;
using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Requests;

/// <summary>Requests that ask what the model makes of their prompt.</summary>
internal static class PromptScoring
{
    /// <summary>How many of the most likely tokens <c>prompt_logprobs</c> asks for; null = it is not asked for.</summary>
    /// <exception cref="ApiException">400: too many, or with a stream, which has no place for them.</exception>
    public static int? Top(int? promptLogprobs, GenerationFields fields, ServerSettings settings)
    {
        const string Param = "prompt_logprobs";
        if (promptLogprobs is not { } top) return null;
        if (fields.Stream == true)
            throw ApiException.Invalid(Param, $"'{Param}' does not go with 'stream'; a stream of /v1/completions takes 'echo' with 'logprobs'.", "unsupported_parameter");
        return Bounds.Within(Param, top, 0, settings.MaxLogprobs);
    }

    /// <summary>The request with its prompts scored, each by its first choice.</summary>
    /// <param name="top">Most likely tokens to report at each position; null = leave the request as it is.</param>
    /// <param name="param">The field that asks for it.</param>
    /// <exception cref="ApiException">400: the model's method gives a prompt no such probabilities.</exception>
    public static MappedRequest Scored(this MappedRequest request, int? top, string param)
    {
        if (top is not { } asked) return request;
        Check(request.Model, param);
        var most = Math.Min(asked, request.Model.Spec.VocabularySize);
        return request with
        {
            Generations = [.. request.Generations.Select(generation =>
                generation.Choice > 0 ? generation : generation with { PromptLogprobs = Math.Max(generation.PromptLogprobs ?? 0, most) })],
        };
    }

    /// <summary>
    /// The request as a text that is given and goes on: a token for every entry, no voice but the answer's, and no thoughts
    /// unless they are asked for. Harnesses count entries from both ends, and have no word for a budget.
    /// </summary>
    public static MappedRequest AsWholeText(this MappedRequest request, GenerationFields fields)
    {
        var thinks = fields.ThinkingTokenBudget is not null || fields.ReasoningEffort is not null || fields.Thought is not null;
        return request with
        {
            Generations = [.. request.Generations.Select(generation => generation with { WholeText = true, ThoughtBudget = thinks ? generation.ThoughtBudget : 0 })],
        };
    }

    private static void Check(ServedModel model, string param)
    {
        if (model.Thinking.Method != ThinkingMethod.Bitune) return;
        throw ApiException.Invalid(
            param,
            $"The method of this model ({model.Thinking.Method.Id()}) reads a prompt in both directions: its tokens have no probability given only those before them. Ask its base model, or leave the log-probabilities of the prompt out.",
            "unsupported_parameter");
    }
}
