using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using InferenceServer.OpenAI;

namespace InferenceServer.Responses;

/// <summary>One event of a stream; its name is its type.</summary>
/// <param name="SequenceNumber">From 0, without a gap.</param>
public abstract record ResponseEvent(int SequenceNumber)
{
    [JsonPropertyOrder(-1)]
    public abstract string Type { get; }
}

/// <summary>The first event.</summary>
public sealed record ResponseCreated(int SequenceNumber, Response Response) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.created")]
    public override string Type => "response.created";
}

/// <summary>The request is taken.</summary>
public sealed record ResponseInProgress(int SequenceNumber, Response Response) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.in_progress")]
    public override string Type => "response.in_progress";
}

/// <summary>The end of a complete answer.</summary>
public sealed record ResponseCompleted(int SequenceNumber, Response Response) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.completed")]
    public override string Type => "response.completed";
}

/// <summary>The end of an answer that the token limit cut.</summary>
public sealed record ResponseIncomplete(int SequenceNumber, Response Response) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.incomplete")]
    public override string Type => "response.incomplete";
}

/// <summary>The generation broke, and the connection is cut.</summary>
public sealed record ResponseFailed(int SequenceNumber, Response Response) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.failed")]
    public override string Type => "response.failed";
}

/// <summary>An item begins.</summary>
public sealed record OutputItemAdded(int SequenceNumber, int OutputIndex, OutputItem Item) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.output_item.added")]
    public override string Type => "response.output_item.added";
}

/// <summary>An item is complete, or the last that was begun.</summary>
public sealed record OutputItemDone(int SequenceNumber, int OutputIndex, OutputItem Item) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.output_item.done")]
    public override string Type => "response.output_item.done";
}

/// <summary>The text of an item begins.</summary>
public sealed record ContentPartAdded(int SequenceNumber, string ItemId, int OutputIndex, int ContentIndex, OutputPart Part) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.content_part.added")]
    public override string Type => "response.content_part.added";
}

/// <summary>The text of an item is complete.</summary>
public sealed record ContentPartDone(int SequenceNumber, string ItemId, int OutputIndex, int ContentIndex, OutputPart Part) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.content_part.done")]
    public override string Type => "response.content_part.done";
}

/// <summary>Some of a thought.</summary>
public sealed record ReasoningTextDelta(int SequenceNumber, string ItemId, int OutputIndex, int ContentIndex, string Delta) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.reasoning_text.delta")]
    public override string Type => "response.reasoning_text.delta";
}

/// <summary>All of a thought.</summary>
public sealed record ReasoningTextDone(int SequenceNumber, string ItemId, int OutputIndex, int ContentIndex, string Text) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.reasoning_text.done")]
    public override string Type => "response.reasoning_text.done";
}

/// <summary>A thought begins, where the request asks for a summary.</summary>
public sealed record SummaryPartAdded(int SequenceNumber, string ItemId, int OutputIndex, int SummaryIndex, SummaryPart Part) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.reasoning_summary_part.added")]
    public override string Type => "response.reasoning_summary_part.added";
}

/// <summary>Some of a thought, where the request asks for a summary.</summary>
public sealed record SummaryTextDelta(int SequenceNumber, string ItemId, int OutputIndex, int SummaryIndex, string Delta) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.reasoning_summary_text.delta")]
    public override string Type => "response.reasoning_summary_text.delta";
}

/// <summary>All of a thought, where the request asks for a summary.</summary>
public sealed record SummaryTextDone(int SequenceNumber, string ItemId, int OutputIndex, int SummaryIndex, string Text) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.reasoning_summary_text.done")]
    public override string Type => "response.reasoning_summary_text.done";
}

/// <summary>A thought is complete, where the request asks for a summary.</summary>
public sealed record SummaryPartDone(int SequenceNumber, string ItemId, int OutputIndex, int SummaryIndex, SummaryPart Part) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.reasoning_summary_part.done")]
    public override string Type => "response.reasoning_summary_part.done";
}

/// <summary>Some of an answer.</summary>
/// <param name="Logprobs">Empty unless asked for.</param>
public sealed record OutputTextDelta(
    int SequenceNumber, string ItemId, int OutputIndex, int ContentIndex, string Delta, IReadOnlyList<TokenLogprobs> Logprobs) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.output_text.delta")]
    public override string Type => "response.output_text.delta";
}

/// <summary>All of an answer.</summary>
/// <param name="Logprobs">Empty unless asked for.</param>
public sealed record OutputTextDone(
    int SequenceNumber, string ItemId, int OutputIndex, int ContentIndex, string Text, IReadOnlyList<TokenLogprobs> Logprobs) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.output_text.done")]
    public override string Type => "response.output_text.done";
}

/// <summary>Some of a call's arguments.</summary>
public sealed record FunctionCallArgumentsDelta(int SequenceNumber, string ItemId, int OutputIndex, string Delta) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.function_call_arguments.delta")]
    public override string Type => "response.function_call_arguments.delta";
}

/// <summary>All of a call's arguments.</summary>
/// <param name="Name">Of the function.</param>
public sealed record FunctionCallArgumentsDone(int SequenceNumber, string ItemId, int OutputIndex, string Name, string Arguments) : ResponseEvent(SequenceNumber)
{
    [AllowedValues("response.function_call_arguments.done")]
    public override string Type => "response.function_call_arguments.done";
}
