using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using InferenceServer.Errors;
using InferenceServer.Models.Engine;
using InferenceServer.OpenAI;
using InferenceServer.Streaming;

namespace InferenceServer.Native;

/// <summary>A complete generation.</summary>
/// <param name="Thought">Null where thoughts are hidden.</param>
public sealed record GenerateResponse(string Id, string Model, GenerateText? Thought, GenerateText Answer, GenerateDone Done, Usage Usage);

/// <summary>Data of the event <c>start</c>, the first of a stream.</summary>
/// <param name="Id">For commands to the running generation.</param>
public sealed record GenerateStart(string Id, string Model)
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("start")]
    public string Type => "start";
}

/// <summary>All of one channel.</summary>
public sealed record GenerateText(string Text, IReadOnlyList<GenerateToken> Tokens);

/// <summary>One token; the data of the events <c>thought</c> and <c>answer</c>.</summary>
/// <param name="Channel">thought or answer.</param>
/// <param name="Index">Position within its channel, from 0.</param>
/// <param name="Id">Null for text that belongs to a token already sent on the other channel.</param>
/// <param name="Text">What it adds to its channel's text; may be empty.</param>
/// <param name="Layer">Layers the row had passed when the token was read from it.</param>
/// <param name="Logprob">Natural logarithm of its probability at temperature 1, before bias, penalties and cuts.</param>
/// <param name="Mix">quiet_star: the weight of the thought in this position's prediction.</param>
public sealed record GenerateToken(
    [property: AllowedValues("thought", "answer")] string Channel,
    int Index,
    int? Id,
    string Text,
    int Layer,
    float Logprob,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] float? Mix,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<GenerateTopToken>? Top)
{
    /// <summary>The event's name, which is the channel's.</summary>
    [JsonPropertyOrder(-1)]
    [AllowedValues("thought", "answer")]
    public string Type => Channel;

    /// <summary>What other heads would have said here, where peek asks for it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<GeneratePeek>? Peek { get; init; }
}

/// <summary>What the head after a layer would have said: its most likely tokens, the likeliest first.</summary>
public sealed record GeneratePeek(int Layer, IReadOnlyList<GenerateTopToken> Top);

/// <summary>Data of the event <c>peek</c>: what the head after a layer would have said at a token that was sent before.</summary>
/// <param name="Channel">Of the token.</param>
/// <param name="Index">Of the token within its channel.</param>
public sealed record GeneratePeeked(
    [property: AllowedValues("thought", "answer")] string Channel, int Index, int Layer, IReadOnlyList<GenerateTopToken> Top)
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("peek")]
    public string Type => "peek";
}

/// <summary>One of the most likely tokens of a position.</summary>
public sealed record GenerateTopToken(int Id, string Text, float Logprob);

/// <summary>Data of the event <c>restart</c>: forget what was sent on this channel.</summary>
public sealed record GenerateRestart([property: AllowedValues("thought", "answer")] string Channel)
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("restart")]
    public string Type => "restart";
}

/// <summary>Data of the event <c>usage</c>: tokens the generation took.</summary>
/// <param name="CompletionTokens">Thought and answer tokens.</param>
/// <param name="TotalTokens">Both.</param>
public sealed record GenerateUsage(
    int PromptTokens, int CompletionTokens, int TotalTokens, PromptTokensDetails PromptTokensDetails, CompletionTokensDetails CompletionTokensDetails)
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("usage")]
    public string Type => "usage";

    internal static GenerateUsage Of(GenerationUsage tokens)
    {
        var usage = Usage.Of(tokens);
        return new GenerateUsage(usage.PromptTokens, usage.CompletionTokens, usage.TotalTokens, usage.PromptTokensDetails, usage.CompletionTokensDetails);
    }
}

/// <summary>Data of the event <c>error</c>: the generation broke, and the connection is cut.</summary>
public sealed record GenerateError(ApiError Error)
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("error")]
    public string Type => "error";
}

/// <summary>Data of the event <c>done</c>, the last of a generation that did not fail.</summary>
/// <param name="FinishReason">stop, length or cancelled.</param>
/// <param name="ThoughtClosedBy">model, budget, command, supplied or off; null where no thought was closed.</param>
/// <param name="StopString">The stop string that ended the answer, if one did.</param>
public sealed record GenerateDone(
    [property: AllowedValues("stop", "length", "cancelled")] string FinishReason,
    [property: AllowedValues("model", "budget", "command", "supplied", "off")] string? ThoughtClosedBy,
    string? StopString)
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("done")]
    public string Type => "done";

    /// <summary>Where thoughts are summarised: what they came to.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ThoughtSummary? ThoughtSummary { get; init; }

    internal static GenerateDone Of(GenerationEvent.Finished finished) => new(
        finished.Reason == Models.Thinking.FinishReason.Cancelled ? "cancelled" : Wording.FinishReason(finished), finished.ThoughtClosedBy?.ToString().ToLowerInvariant(), finished.StopString);
}
