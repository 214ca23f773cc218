using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using InferenceServer.Models.Engine;

namespace InferenceServer.Anthropic;

/// <summary>An answer.</summary>
/// <param name="Content">Thoughts, where they are shown, text and uses of tools, in the order they were made.</param>
/// <param name="StopReason">Null while it is under way.</param>
/// <param name="StopSequence">The stop string that ended the text, if one did.</param>
public sealed record MessageResponse(
    string Id,
    [property: AllowedValues("message")] string Type,
    [property: AllowedValues("assistant")] string Role,
    string Model,
    IReadOnlyList<OutputBlock> Content,
    [property: AllowedValues("end_turn", "max_tokens", "stop_sequence", "tool_use", "model_context_window_exceeded")] string? StopReason,
    string? StopSequence,
    MessageUsage Usage);

/// <summary>A thought, some text or the use of a tool.</summary>
[JsonDerivedType(typeof(ThinkingBlock))]
[JsonDerivedType(typeof(TextBlock))]
[JsonDerivedType(typeof(ToolUseBlock))]
public abstract record OutputBlock;

/// <summary>A thought.</summary>
/// <param name="Signature">A digest of the thought (SHA-256, Base64); it is not checked when the thought is sent back.</param>
public sealed record ThinkingBlock(string Thinking, string Signature) : OutputBlock
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("thinking")]
    public string Type => "thinking";
}

/// <summary>Text of the answer.</summary>
public sealed record TextBlock(string Text) : OutputBlock
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("text")]
    public string Type => "text";
}

/// <summary>The use of a tool; what it comes to is sent back in a block of type tool_result.</summary>
/// <param name="Id">What the result names it by.</param>
/// <param name="Input">As the tool's schema has it; where the token limit cut it, what is complete of it. Empty at the beginning of a stream.</param>
/// <param name="Caller">The model.</param>
public sealed record ToolUseBlock(string Id, string Name, RawObject Input, ToolUseCaller Caller) : OutputBlock
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("tool_use")]
    public string Type => "tool_use";
}

/// <summary>Who uses a tool: the model itself.</summary>
public sealed record ToolUseCaller([property: AllowedValues("direct")] string Type);

/// <summary>Tokens a message took.</summary>
/// <param name="InputTokens">Of the prompt, without those that were cached.</param>
/// <param name="CacheReadInputTokens">Prompt tokens that were not computed, since an earlier request had them.</param>
/// <param name="CacheCreationInputTokens">0: keeping prompts is not asked for here, and costs nothing.</param>
/// <param name="OutputTokens">Thought and answer tokens.</param>
public sealed record MessageUsage(
    int InputTokens, int CacheCreationInputTokens, int CacheReadInputTokens, int OutputTokens, MessageOutputTokensDetails OutputTokensDetails)
{
    internal static MessageUsage Of(GenerationUsage usage) => new(
        usage.PromptTokens - usage.CachedTokens, 0, usage.CachedTokens, usage.CompletionTokens, new MessageOutputTokensDetails(usage.ThoughtTokens));
}

/// <param name="ThinkingTokens">Thought tokens among the output tokens.</param>
public sealed record MessageOutputTokensDetails(int ThinkingTokens);
