using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using InferenceServer.OpenAI;

namespace InferenceServer.Responses;

/// <summary>A thought or an answer.</summary>
[JsonDerivedType(typeof(ReasoningItem))]
[JsonDerivedType(typeof(MessageItem))]
public abstract record OutputItem;

/// <summary>A thought.</summary>
/// <param name="Summary">The thought, where the request asks for a summary; empty where it does not.</param>
/// <param name="Content">The thought, where the request asks for no summary.</param>
public sealed record ReasoningItem(
    string Id,
    [property: AllowedValues("in_progress", "completed", "incomplete")] string Status,
    IReadOnlyList<SummaryPart> Summary,
    IReadOnlyList<ReasoningPart> Content) : OutputItem
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("reasoning")]
    public string Type => "reasoning";
}

/// <summary>An answer.</summary>
public sealed record MessageItem(
    string Id,
    [property: AllowedValues("in_progress", "completed", "incomplete")] string Status,
    [property: AllowedValues("assistant")] string Role,
    IReadOnlyList<TextPart> Content) : OutputItem
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("message")]
    public string Type => "message";
}

/// <summary>Text of an item.</summary>
[JsonDerivedType(typeof(ReasoningPart))]
[JsonDerivedType(typeof(TextPart))]
public abstract record OutputPart;

/// <summary>Text of a thought.</summary>
public sealed record ReasoningPart(string Text) : OutputPart
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("reasoning_text")]
    public string Type => "reasoning_text";
}

/// <summary>Text of a thought, for clients that read no other.</summary>
public sealed record SummaryPart(string Text)
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("summary_text")]
    public string Type => "summary_text";
}

/// <summary>Text of an answer.</summary>
/// <param name="Annotations">Empty.</param>
/// <param name="Logprobs">Empty unless asked for.</param>
public sealed record TextPart(string Text, IReadOnlyList<string> Annotations, IReadOnlyList<TokenLogprobs> Logprobs) : OutputPart
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("output_text")]
    public string Type => "output_text";
}
