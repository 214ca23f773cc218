using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using InferenceServer.Requests;
using InferenceServer.Swagger;

namespace InferenceServer.Anthropic;

/// <summary>What a conversation has in Anthropic's format, to be answered or counted.</summary>
public abstract record MessagesFields : GenerationFields
{
    /// <summary>The conversation, oldest first; the last message is the user's.</summary>
    public required IReadOnlyList<InputMessage> Messages { get; init; }

    /// <summary>A system message before the others: a string or text blocks.</summary>
    public BlockContent? System { get; init; }

    /// <summary>Whether and how much to think. Without it the model does as it always does, and its thoughts are not shown.</summary>
    public ThinkingOptions? Thinking { get; init; }

    /// <summary>How much effort to take, and the format of the answer.</summary>
    public OutputOptions? OutputConfig { get; init; }

    /// <summary>What the model may use instead of answering, up to 128.</summary>
    public IReadOnlyList<MessageTool>? Tools { get; init; }

    /// <summary>Whether tools may or must be used.</summary>
    public MessageToolChoice? ToolChoice { get; init; }

    /// <summary>The same as stop.</summary>
    public IReadOnlyList<string>? StopSequences { get; init; }
}

/// <summary>Body of POST /v1/messages.</summary>
[RequiresField("max_tokens")]
public sealed record MessagesRequest : MessagesFields;

/// <summary>Body of POST /v1/messages/count_tokens: the fields of /v1/messages, none of which but the conversation matter.</summary>
public sealed record CountTokensRequest : MessagesFields;

/// <summary>The number of tokens of a conversation, as the model would be sent it.</summary>
public sealed record CountTokensResponse(int InputTokens);

/// <summary>Whether and how much to think.</summary>
public sealed record ThinkingOptions
{
    /// <summary>enabled, with a budget; adaptive, with the model's own; or disabled.</summary>
    [AllowedValues("enabled", "adaptive", "disabled")]
    public required string Type { get; init; }

    /// <summary>Exact bound on thought tokens; less than max_tokens.</summary>
    [Range(1, int.MaxValue)]
    public int? BudgetTokens { get; init; }

    /// <summary>omitted hides the thoughts; otherwise they are shown as they are.</summary>
    [AllowedValues("summarized", "omitted")]
    public string? Display { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>How much effort to take, and the format of the answer.</summary>
public sealed record OutputOptions
{
    /// <summary>The same as reasoning_effort.</summary>
    public string? Effort { get; init; }

    /// <summary>A JSON Schema the answer satisfies.</summary>
    public OutputFormat? Format { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>A JSON Schema the answer satisfies.</summary>
public sealed record OutputFormat
{
    [AllowedValues("json_schema")]
    public required string Type { get; init; }

    public required JsonElement Schema { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>One turn.</summary>
public sealed record InputMessage
{
    [AllowedValues("user", "assistant")]
    public required string Role { get; init; }

    /// <summary>A string, or blocks: text; thinking and tool_use in an assistant's turn, tool_result in a user's.</summary>
    public required BlockContent Content { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>One block of a message.</summary>
public sealed record InputBlock
{
    /// <summary>text, thinking, redacted_thinking, which is left out, tool_use or tool_result.</summary>
    [AllowedValues("text", "thinking", "redacted_thinking", "tool_use", "tool_result")]
    public required string Type { get; init; }

    public string? Text { get; init; }

    public string? Thinking { get; init; }

    /// <summary>Of a thinking block; thoughts are taken as they come.</summary>
    public string? Signature { get; init; }

    /// <summary>Of a tool_use.</summary>
    public string? Id { get; init; }

    /// <summary>Of the tool that was used.</summary>
    public string? Name { get; init; }

    /// <summary>Of a tool_use: an object.</summary>
    public JsonElement? Input { get; init; }

    /// <summary>The tool_use a tool_result belongs to.</summary>
    public string? ToolUseId { get; init; }

    /// <summary>Of a tool_result: a string or text blocks; empty where it is absent.</summary>
    public BlockContent? Content { get; init; }

    /// <summary>Of a tool_result: whether the tool failed. The model is then shown an Error: before the content.</summary>
    public bool? IsError { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}
