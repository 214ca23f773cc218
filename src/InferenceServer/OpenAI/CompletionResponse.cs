using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.OpenAI;

/// <summary>Complete texts.</summary>
public sealed record CompletionResponse(
    string Id, [property: AllowedValues("text_completion")] string Object, long Created, string Model, IReadOnlyList<CompletionChoice> Choices, Usage Usage);

/// <summary>One event of a completion stream.</summary>
/// <param name="Choices">One, or none in the chunk that carries the usage.</param>
/// <param name="Usage">Only with stream_options.include_usage: null in all chunks but the last.</param>
public sealed record CompletionChunk(
    string Id,
    [property: AllowedValues("text_completion")] string Object,
    long Created,
    string Model,
    IReadOnlyList<CompletionChoice> Choices,
    [property: StreamUsage] Usage? Usage) : IUsageChunk
{
    [JsonIgnore]
    public bool ReportsUsage { get; init; }
}

/// <summary>One text, or what a chunk adds to it.</summary>
public sealed record CompletionChoice
{
    public required int Index { get; init; }

    /// <summary>The answer, without thoughts.</summary>
    public required string Text { get; init; }

    /// <summary>The thoughts, where there are any and they are not hidden. A setting renames this field.</summary>
    [ThoughtField]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ReasoningContent { get; init; }

    /// <summary>Of the answer's tokens, and before them of the prompt's where it is echoed.</summary>
    public CompletionLogprobs? Logprobs { get; init; }

    /// <summary>Of the thought's tokens.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CompletionLogprobs? ReasoningLogprobs { get; init; }

    /// <summary>Where they are asked for, of the prompt's tokens, by position and id; null for the first.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<IReadOnlyDictionary<string, PromptLogprob>?>? PromptLogprobs { get; init; }

    /// <summary>At the end, where thoughts are summarised: what they came to.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ThoughtSummary? ThoughtSummary { get; init; }

    /// <summary>stop or length; null while the choice goes on.</summary>
    [AllowedValues("stop", "length")]
    public string? FinishReason { get; init; }
}

/// <summary>Log-probabilities by column, one entry a token; null for the first token of an echoed prompt, which nothing stands before.</summary>
/// <param name="TextOffset">Where each token begins in its text, in UTF-16 code units.</param>
public sealed record CompletionLogprobs(
    IReadOnlyList<string> Tokens,
    IReadOnlyList<float?> TokenLogprobs,
    IReadOnlyList<IReadOnlyDictionary<string, float>?> TopLogprobs,
    IReadOnlyList<int> TextOffset)
{
    /// <summary>These columns with others before them.</summary>
    internal CompletionLogprobs After(CompletionLogprobs? before) => before is null
        ? this
        : new(
            [.. before.Tokens, .. Tokens],
            [.. before.TokenLogprobs, .. TokenLogprobs],
            [.. before.TopLogprobs, .. TopLogprobs],
            [.. before.TextOffset, .. TextOffset]);
}
