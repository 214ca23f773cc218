using System.Text.Json.Serialization;
using InferenceServer.Models.Engine;
using InferenceServer.OpenAI;
using InferenceServer.Streaming;

namespace InferenceServer.Native;

/// <summary>A complete generation.</summary>
/// <param name="Thought">Null where thoughts are hidden.</param>
public sealed record GenerateResponse(string Id, string Model, GenerateText? Thought, GenerateText Answer, GenerateDone Done, Usage Usage);

/// <summary>Data of the event <c>start</c>, the first of a stream.</summary>
/// <param name="Id">For commands to the running generation.</param>
public sealed record GenerateStart(string Id, string Model);

/// <summary>All of one channel.</summary>
public sealed record GenerateText(string Text, IReadOnlyList<GenerateToken> Tokens);

/// <summary>One token; the data of the events <c>thought</c> and <c>answer</c>.</summary>
/// <param name="Channel">thought or answer; also the event's name.</param>
/// <param name="Index">Position within its channel, from 0.</param>
/// <param name="Id">Null for text that belongs to a token already sent on the other channel.</param>
/// <param name="Text">What it adds to its channel's text; may be empty.</param>
/// <param name="Layer">Layers the row had passed when the token was read from it.</param>
/// <param name="Logprob">Natural logarithm of its probability at temperature 1, before bias, penalties and cuts.</param>
/// <param name="Mix">quiet_star: the weight of the thought in this position's prediction.</param>
public sealed record GenerateToken(
    string Channel,
    int Index,
    int? Id,
    string Text,
    int Layer,
    float Logprob,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] float? Mix,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<GenerateTopToken>? Top)
{
    /// <summary>What other heads would have said here, where peek asks for it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<GeneratePeek>? Peek { get; init; }
}

/// <summary>What the head after a layer would have said: its most likely tokens, the likeliest first.</summary>
public sealed record GeneratePeek(int Layer, IReadOnlyList<GenerateTopToken> Top);

/// <summary>Data of the event <c>peek</c>: what the head after a layer would have said at a token that was sent before.</summary>
/// <param name="Channel">Of the token.</param>
/// <param name="Index">Of the token within its channel.</param>
public sealed record GeneratePeeked(string Channel, int Index, int Layer, IReadOnlyList<GenerateTopToken> Top);

/// <summary>One of the most likely tokens of a position.</summary>
public sealed record GenerateTopToken(int Id, string Text, float Logprob);

/// <summary>Data of the event <c>restart</c>: forget what was sent on this channel.</summary>
public sealed record GenerateRestart(string Channel);

/// <summary>Data of the event <c>done</c>, the last of a generation that did not fail.</summary>
/// <param name="FinishReason">stop, length or cancelled.</param>
/// <param name="ThoughtClosedBy">model, budget, command, supplied or off; null where no thought was closed.</param>
/// <param name="StopString">The stop string that ended the answer, if one did.</param>
public sealed record GenerateDone(string FinishReason, string? ThoughtClosedBy, string? StopString)
{
    /// <summary>Where thoughts are summarised: what they came to.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ThoughtSummary? ThoughtSummary { get; init; }

    internal static GenerateDone Of(GenerationEvent.Finished finished) => new(
        finished.Reason == Models.Thinking.FinishReason.Cancelled ? "cancelled" : Wording.FinishReason(finished), finished.ThoughtClosedBy?.ToString().ToLowerInvariant(), finished.StopString);
}
