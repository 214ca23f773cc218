using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using InferenceServer.Requests;
using InferenceServer.Streaming;

namespace InferenceServer.OpenAI;

/// <summary>A complete chat answer.</summary>
public sealed record ChatResponse(string Id, [property: AllowedValues("chat.completion")] string Object, long Created, string Model, IReadOnlyList<ChatChoice> Choices, Usage Usage)
{
    /// <summary>Where they are asked for, of the prompt's tokens, by position and id; null for the first.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<IReadOnlyDictionary<string, PromptLogprob>?>? PromptLogprobs { get; init; }
}

/// <param name="FinishReason">stop, length, or tool_calls where the model called tools.</param>
public sealed record ChatChoice(int Index, ChatAnswer Message, ChatLogprobs? Logprobs, [property: AllowedValues("stop", "length", "tool_calls")] string FinishReason)
{
    /// <summary>Where thoughts are summarised: what they came to.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ThoughtSummary? ThoughtSummary { get; init; }
}

/// <summary>What the model said.</summary>
/// <param name="Content">The answer, without thoughts; null where it is nothing but calls.</param>
/// <param name="ReasoningContent">The thoughts, where there are any and they are not hidden. A setting renames this field.</param>
public sealed record ChatAnswer(
    [property: AllowedValues("assistant")] string Role,
    string? Content,
    [property: ThoughtField, JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ReasoningContent)
{
    /// <summary>Calls of tools, where the model made some.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ChatToolCall>? ToolCalls { get; init; }
}

/// <summary>One event of a chat stream.</summary>
/// <param name="Choices">One, or none in the chunk that carries the usage.</param>
/// <param name="Usage">Only with stream_options.include_usage: null in all chunks but the last.</param>
public sealed record ChatChunk(
    string Id,
    [property: AllowedValues("chat.completion.chunk")] string Object,
    long Created,
    string Model,
    IReadOnlyList<ChatChunkChoice> Choices,
    [property: StreamUsage] Usage? Usage) : IUsageChunk
{
    [JsonIgnore]
    public bool ReportsUsage { get; init; }
}

/// <param name="FinishReason">stop, length or tool_calls in a choice's last chunk, else null.</param>
public sealed record ChatChunkChoice(int Index, ChatDelta Delta, ChatLogprobs? Logprobs, [property: AllowedValues("stop", "length", "tool_calls")] string? FinishReason)
{
    /// <summary>In a choice's last chunk, where thoughts are summarised.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ThoughtSummary? ThoughtSummary { get; init; }
}

/// <summary>What a chunk adds: a role, some of the answer, of a call, or of the thought; never two of the last three.</summary>
public sealed record ChatDelta
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [AllowedValues("assistant")]
    public string? Role { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Content { get; init; }

    /// <summary>More of a call of a tool.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ToolCallDelta>? ToolCalls { get; init; }

    /// <summary>A setting renames this field.</summary>
    [ThoughtField]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ReasoningContent { get; init; }
}

/// <summary>More of a call.</summary>
/// <param name="Index">Which of the answer's calls.</param>
public sealed record ToolCallDelta(int Index)
{
    /// <summary>In the first delta of a call.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Id { get; init; }

    /// <summary>function, in the first delta of a call.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Type { get; init; }

    public required FunctionDelta Function { get; init; }
}

/// <summary>What a delta adds to a call's function.</summary>
public sealed record FunctionDelta
{
    /// <summary>In the first delta of a call.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    /// <summary>More of the arguments' text.</summary>
    public required string Arguments { get; init; }
}

/// <summary>Log-probabilities token by token.</summary>
/// <param name="Content">Of the answer.</param>
/// <param name="ReasoningContent">Of the thoughts. A setting renames this field.</param>
public sealed record ChatLogprobs(
    IReadOnlyList<TokenLogprobs>? Content,
    [property: ThoughtField, JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<TokenLogprobs>? ReasoningContent);

/// <param name="Token">The token's text.</param>
/// <param name="Logprob">Natural logarithm of its probability at temperature 1, before bias and cuts.</param>
/// <param name="Bytes">The text in UTF-8; null where the token is only part of a character.</param>
/// <param name="TopLogprobs">The most likely tokens at this position, the likeliest first.</param>
public sealed record TokenLogprobs(string Token, float Logprob, IReadOnlyList<int>? Bytes, IReadOnlyList<TopLogprob> TopLogprobs);

public sealed record TopLogprob(string Token, float Logprob, IReadOnlyList<int>? Bytes);
