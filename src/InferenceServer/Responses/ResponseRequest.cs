using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using InferenceServer.Requests;

namespace InferenceServer.Responses;

/// <summary>Body of POST /v1/responses.</summary>
public sealed record ResponseRequest : GenerationFields
{
    /// <summary>What to answer: a text of the user, or the conversation as items, oldest first.</summary>
    public required ResponseInput Input { get; init; }

    /// <summary>A system message before the input.</summary>
    public string? Instructions { get; init; }

    /// <summary>The same as max_tokens.</summary>
    [Range(1, int.MaxValue)]
    public int? MaxOutputTokens { get; init; }

    /// <summary>How much to think.</summary>
    public ReasoningOptions? Reasoning { get; init; }

    /// <summary>What the answer is like.</summary>
    public TextOptions? Text { get; init; }

    /// <summary>What to add to the answer: message.output_text.logprobs. reasoning.encrypted_content is accepted; thoughts are sent in plain text anyway.</summary>
    public IReadOnlyList<string>? Include { get; init; }

    /// <summary>How many of the most likely tokens to report at every position; needs include of message.output_text.logprobs.</summary>
    public int? TopLogprobs { get; init; }

    /// <summary>Sent back as it is.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Only false: this server keeps nothing.</summary>
    public bool? Store { get; init; }

    /// <summary>Only false: an answer is sent to whoever asked.</summary>
    public bool? Background { get; init; }

    /// <summary>Only null: this server keeps no answers; send the earlier turns as items of the input.</summary>
    public string? PreviousResponseId { get; init; }

    /// <summary>Only disabled: a conversation that is too long is refused.</summary>
    public string? Truncation { get; init; }

    /// <summary>Sent back as it is.</summary>
    public string? User { get; init; }

    /// <summary>What the model may call instead of answering, up to 128.</summary>
    public IReadOnlyList<ResponseTool>? Tools { get; init; }

    /// <summary>none, auto (the default), required, or the one function to call.</summary>
    public ResponseToolChoice? ToolChoice { get; init; }

    /// <summary>false = one call at most. Default true, where the model's syntax has room for several.</summary>
    public bool? ParallelToolCalls { get; init; }

    /// <summary>A bound on calls of tools that a server runs itself. This one has none: functions are the client's, and their calls do not count.</summary>
    [Range(1, int.MaxValue)]
    public int? MaxToolCalls { get; init; }

    /// <summary>Only with stream.</summary>
    public ResponseStreamOptions? StreamOptions { get; init; }
}

/// <summary>Only with <c>stream</c>. The usage always comes with the last event.</summary>
public sealed record ResponseStreamOptions
{
    /// <summary>Only false: this server does not pad its events.</summary>
    public bool? IncludeObfuscation { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>How much to think.</summary>
public sealed record ReasoningOptions
{
    /// <summary>The same as reasoning_effort.</summary>
    public string? Effort { get; init; }

    /// <summary>auto or detailed: thoughts are told as summaries, whole, for clients that read no others. Without it they are the content of their items.</summary>
    public string? Summary { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>What the answer is like.</summary>
public sealed record TextOptions
{
    /// <summary>The format of the answer, as response_format; the default is text.</summary>
    public TextFormat? Format { get; init; }

    /// <summary>Only medium, which changes nothing.</summary>
    [AllowedValues("medium")]
    public string? Verbosity { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>The format of an answer.</summary>
public sealed record TextFormat
{
    /// <summary>text, json_object or json_schema.</summary>
    [AllowedValues("text", "json_object", "json_schema")]
    public required string Type { get; init; }

    /// <summary>With json_schema: up to 64 letters, digits, underscores and dashes.</summary>
    public string? Name { get; init; }

    /// <summary>Has no effect: say in a message what you want.</summary>
    public string? Description { get; init; }

    /// <summary>With json_schema: what the answer satisfies.</summary>
    public JsonElement? Schema { get; init; }

    /// <summary>As in response_format.</summary>
    public bool? Strict { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}
