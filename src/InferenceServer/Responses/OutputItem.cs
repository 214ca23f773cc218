using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using InferenceServer.OpenAI;

namespace InferenceServer.Responses;

/// <summary>A thought, an answer or a call.</summary>
[JsonDerivedType(typeof(ReasoningItem))]
[JsonDerivedType(typeof(MessageItem))]
[JsonDerivedType(typeof(FunctionCallItem))]
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

/// <summary>A call of a function; what it comes to is sent back as an item of type function_call_output.</summary>
/// <param name="CallId">What the output names it by.</param>
/// <param name="Arguments">A JSON object as text; the beginning of one where the item is incomplete.</param>
public sealed record FunctionCallItem(
    string Id,
    [property: AllowedValues("in_progress", "completed", "incomplete")] string Status,
    string CallId,
    string Name,
    string Arguments) : OutputItem
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("function_call")]
    public string Type => "function_call";
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
