using InferenceServer.Models.Engine;

namespace InferenceServer.OpenAI;

/// <summary>Tokens a request took.</summary>
/// <param name="PromptTokens">Every prompt once.</param>
/// <param name="CompletionTokens">Thought and answer tokens of all choices.</param>
/// <param name="TotalTokens">Both.</param>
public sealed record Usage(
    int PromptTokens, int CompletionTokens, int TotalTokens, PromptTokensDetails PromptTokensDetails, CompletionTokensDetails CompletionTokensDetails)
{
    public static Usage Of(GenerationUsage usage) => new(
        usage.PromptTokens,
        usage.CompletionTokens,
        usage.PromptTokens + usage.CompletionTokens,
        new PromptTokensDetails(usage.CachedTokens),
        new CompletionTokensDetails(usage.ThoughtTokens));
}

/// <param name="CachedTokens">Prompt tokens that were not computed, since an earlier request had them.</param>
public sealed record PromptTokensDetails(int CachedTokens);

/// <param name="ReasoningTokens">Thought tokens among the completion tokens.</param>
public sealed record CompletionTokensDetails(int ReasoningTokens);
