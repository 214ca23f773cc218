using InferenceServer.Models.Engine;

namespace InferenceServer.OpenAI;

/// <summary>Tokens a request took.</summary>
/// <param name="PromptTokens">Every prompt once.</param>
/// <param name="CompletionTokens">Thought and answer tokens of all choices.</param>
/// <param name="TotalTokens">Both.</param>
public sealed record Usage(int PromptTokens, int CompletionTokens, int TotalTokens, CompletionTokensDetails CompletionTokensDetails)
{
    public static Usage Of(GenerationUsage usage) => new(
        usage.PromptTokens, usage.CompletionTokens, usage.PromptTokens + usage.CompletionTokens, new CompletionTokensDetails(usage.ThoughtTokens));
}

/// <param name="ReasoningTokens">Thought tokens among the completion tokens.</param>
public sealed record CompletionTokensDetails(int ReasoningTokens);
