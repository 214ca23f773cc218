using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace InferenceServer.Anthropic;

/// <summary>One event of a stream; its name is its type.</summary>
public abstract record MessageEvent
{
    [JsonPropertyOrder(-1)]
    public abstract string Type { get; }
}

/// <summary>The first event: the message, still empty.</summary>
public sealed record MessageStart(MessageResponse Message) : MessageEvent
{
    [AllowedValues("message_start")]
    public override string Type => "message_start";
}

/// <summary>A block begins, still empty.</summary>
public sealed record ContentBlockStart(int Index, OutputBlock ContentBlock) : MessageEvent
{
    [AllowedValues("content_block_start")]
    public override string Type => "content_block_start";
}

/// <summary>Some of a block.</summary>
public sealed record ContentBlockDelta(int Index, BlockDelta Delta) : MessageEvent
{
    [AllowedValues("content_block_delta")]
    public override string Type => "content_block_delta";
}

/// <summary>A block is complete, or the last that was begun.</summary>
public sealed record ContentBlockStop(int Index) : MessageEvent
{
    [AllowedValues("content_block_stop")]
    public override string Type => "content_block_stop";
}

/// <summary>Why the message ended, and what it took.</summary>
public sealed record MessageDelta(MessageEnd Delta, MessageUsage Usage) : MessageEvent
{
    [AllowedValues("message_delta")]
    public override string Type => "message_delta";
}

/// <summary>The last event.</summary>
public sealed record MessageStop : MessageEvent
{
    [AllowedValues("message_stop")]
    public override string Type => "message_stop";
}

/// <summary>A sign of life: after the first event, and in long silences.</summary>
public sealed record MessagePing : MessageEvent
{
    [AllowedValues("ping")]
    public override string Type => "ping";
}

/// <summary>Why a message ended.</summary>
public sealed record MessageEnd(
    [property: AllowedValues("end_turn", "max_tokens", "stop_sequence", "tool_use", "model_context_window_exceeded")] string StopReason, string? StopSequence);

/// <summary>What is added to a block.</summary>
[JsonDerivedType(typeof(ThinkingDelta))]
[JsonDerivedType(typeof(SignatureDelta))]
[JsonDerivedType(typeof(TextDelta))]
[JsonDerivedType(typeof(InputJsonDelta))]
public abstract record BlockDelta;

/// <summary>Some of a thought.</summary>
public sealed record ThinkingDelta(string Thinking) : BlockDelta
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("thinking_delta")]
    public string Type => "thinking_delta";
}

/// <summary>At the end of a thought.</summary>
public sealed record SignatureDelta(string Signature) : BlockDelta
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("signature_delta")]
    public string Type => "signature_delta";
}

/// <summary>Some of the answer.</summary>
public sealed record TextDelta(string Text) : BlockDelta
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("text_delta")]
    public string Type => "text_delta";
}

/// <summary>Some of the input of a tool, as text of JSON.</summary>
public sealed record InputJsonDelta(string PartialJson) : BlockDelta
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("input_json_delta")]
    public string Type => "input_json_delta";
}
