using InferenceServer.Models.Decoding;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Engine;

/// <summary>What a running generation tells its reader, in order; a Finished or Failed is the last.</summary>
public abstract record GenerationEvent
{
    /// <summary>
    /// One token, sent once its text is final. Texts of a channel, concatenated, are the channel's text: a token that
    /// completes no character has an empty one.
    /// </summary>
    /// <param name="Layer">Layers the row had passed: k for a TaS thought, L for an answer.</param>
    /// <param name="Index">Position within the channel, from 0.</param>
    /// <param name="TokenId">Null for text that belongs to a token already sent on the other channel.</param>
    /// <param name="Mix">Quiet-STaR's weight of the thought; 0 elsewhere.</param>
    public sealed record Token(
        TokenChannel Channel,
        int Layer,
        int Index,
        int? TokenId,
        string Text,
        float Logprob,
        IReadOnlyList<TokenLogprob> Top,
        float Mix) : GenerationEvent
    {
        /// <summary>What other heads make of the same row, where it was asked for; null where nothing was.</summary>
        public IReadOnlyList<LayerPeek>? Peeks { get; init; }
    }

    /// <summary>What another head makes of the row a token was read from that was sent before.</summary>
    /// <param name="Index">The token's position within its channel.</param>
    public sealed record Peeked(TokenChannel Channel, int Index, LayerPeek Peek) : GenerationEvent;

    /// <summary>What the model makes of its prompt; before the first token, where the request asks for it.</summary>
    /// <param name="Tokens">The prompt's from the second on, in order, each with its log-probability and rank given those before it.</param>
    public sealed record PromptScored(IReadOnlyList<HeadResult> Tokens) : GenerationEvent;

    /// <summary>Forget everything sent on the channel so far: it is generated again.</summary>
    public sealed record Restarted(TokenChannel Channel) : GenerationEvent;

    /// <param name="StopString">The stop string that ended the answer, if one did.</param>
    public sealed record Finished(FinishReason Reason, GenerationUsage Usage, ThoughtClosedBy? ThoughtClosedBy, string? StopString)
        : GenerationEvent;

    /// <summary>The generation broke; what was sent stays valid but is not complete.</summary>
    /// <param name="Stopping">The engine is being stopped: the same request may succeed elsewhere or later.</param>
    public sealed record Failed(string Message, bool Stopping = false) : GenerationEvent;
}

/// <summary>Tokens a generation took, counted where they are born.</summary>
public sealed record GenerationUsage(int PromptTokens, int ThoughtTokens, int AnswerTokens)
{
    public int CompletionTokens => ThoughtTokens + AnswerTokens;

    /// <summary>Prompt tokens whose KV was there already when the request was first admitted.</summary>
    public int CachedTokens { get; init; }
}
