using System.ComponentModel.DataAnnotations;
using InferenceServer.Requests;

namespace InferenceServer.OpenAI;

/// <summary>Body of POST /v1/chat/completions.</summary>
public sealed record ChatRequest : GenerationFields
{
    /// <summary>The conversation, oldest first.</summary>
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>The same as max_tokens.</summary>
    [Range(1, int.MaxValue)]
    public int? MaxCompletionTokens { get; init; }

    /// <summary>How many answers to generate. Default 1.</summary>
    public int? N { get; init; }

    /// <summary>Whether to report the log-probability of every token.</summary>
    public bool? Logprobs { get; init; }

    /// <summary>How many of the most likely tokens to report at every position; needs logprobs.</summary>
    public int? TopLogprobs { get; init; }

    /// <summary>Report the log-probability of each token of the prompt as the model reads it, and this many of the most likely at every position. Not with stream.</summary>
    public int? PromptLogprobs { get; init; }

    /// <summary>What the model may call instead of answering, up to 128.</summary>
    public IReadOnlyList<ChatTool>? Tools { get; init; }

    /// <summary>none, auto (the default), required, or the one function to call.</summary>
    public ToolChoice? ToolChoice { get; init; }

    /// <summary>false = one call at most. Default true, where the model's syntax has room for several.</summary>
    public bool? ParallelToolCalls { get; init; }

    /// <summary>Only with stream.</summary>
    public StreamOptions? StreamOptions { get; init; }
}
