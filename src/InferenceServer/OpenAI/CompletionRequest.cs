using System.ComponentModel.DataAnnotations;
using InferenceServer.Requests;

namespace InferenceServer.OpenAI;

/// <summary>Body of POST /v1/completions.</summary>
public sealed record CompletionRequest : GenerationFields
{
    /// <summary>The text to go on from, as it is: a string, strings, token ids, or arrays of token ids.</summary>
    public required PromptInput Prompt { get; init; }

    /// <summary>Bound on generated tokens: thoughts and answer together for models that think before they speak. 0 only with echo or prompt_logprobs.</summary>
    [Range(0, int.MaxValue)]
    public override int? MaxTokens { get; init; }

    /// <summary>How many completions to generate for each prompt. Default 1.</summary>
    public int? N { get; init; }

    /// <summary>Whether each text begins with its prompt, and with logprobs, its columns with those of the prompt's tokens.</summary>
    public bool? Echo { get; init; }

    /// <summary>Report log-probabilities: those of the tokens, and of this many of the most likely at every position.</summary>
    public int? Logprobs { get; init; }

    /// <summary>Report the log-probability of each token of the prompt, and this many of the most likely at every position. Not with stream.</summary>
    public int? PromptLogprobs { get; init; }

    /// <summary>Only with stream.</summary>
    public StreamOptions? StreamOptions { get; init; }
}
