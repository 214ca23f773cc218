using InferenceServer.Models.Constraints;

namespace InferenceServer.Models.Thinking;

/// <summary>Which of a model's two voices a token belongs to. Known when the token is born, never re-derived from text.</summary>
public enum TokenChannel
{
    Thought,
    Answer,
}

public enum FinishReason
{
    /// <summary>The model ended its answer, or a stop string came.</summary>
    Stop,

    /// <summary>The request's token limit was reached.</summary>
    Length,

    /// <summary>The client left or cancelled.</summary>
    Cancelled,
}

/// <summary>What ended a thought.</summary>
public enum ThoughtClosedBy
{
    /// <summary>The model's own end marker.</summary>
    Model,

    /// <summary>The thinking budget.</summary>
    Budget,

    /// <summary>An "answer now" while it was running.</summary>
    Command,

    /// <summary>The client supplied the thought.</summary>
    Supplied,

    /// <summary>Thoughts were switched off.</summary>
    Off,
}

/// <summary>How the tokens of one channel are drawn.</summary>
public sealed record SamplingOptions
{
    public static SamplingOptions Greedy { get; } = new() { Temperature = 0 };

    public float Temperature { get; init; } = 1;

    public int TopK { get; init; }

    public float TopP { get; init; } = 1;

    public float MinP { get; init; }

    public IReadOnlyDictionary<int, float>? Bias { get; init; }

    /// <summary>Subtracted from the logit of a token for each time the channel has it already.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Subtracted from the logit of a token the channel has already.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Divides positive and multiplies negative logits of tokens in prompt, thoughts and answer; 1 = none.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    public bool Penalizes => FrequencyPenalty != 0 || PresencePenalty != 0 || RepetitionPenalty != 1;

    public int TopLogprobs { get; init; }
}

/// <summary>What a client wants, in tokens; nothing here knows HTTP. Numbers are checked at the edge, before this is made.</summary>
public sealed record GenerationRequest
{
    /// <summary>The whole prompt, special tokens included; at least one token.</summary>
    public required IReadOnlyList<int> Prompt { get; init; }

    /// <summary>
    /// Bound on thoughts and answer together for models that think first; on the answer for those that think inside it. 0 =
    /// nothing is generated: the prompt is read, and scored where <see cref="PromptLogprobs"/> asks for it.
    /// </summary>
    public required int MaxTokens { get; init; }

    /// <summary>Exact bound on thought tokens; 0 = thoughts off; null = the model's own default.</summary>
    public int? ThoughtBudget { get; init; }

    /// <summary>A thought the client supplies or edited: it is taken as thought, and only the answer is generated.</summary>
    public IReadOnlyList<int>? Thought { get; init; }

    public SamplingOptions Answering { get; init; } = new();

    public SamplingOptions Thinking { get; init; } = new();

    /// <summary>What other heads make of each token's row; only for methods with several (TaS).</summary>
    public PeekOptions? Peek { get; init; }

    /// <summary>Score the prompt's tokens from the second on, and report this many of the most likely ones at each; null = do not. Not for Bitune.</summary>
    public int? PromptLogprobs { get; init; }

    /// <summary>
    /// Every token drawn is told, also one that ends the sequence or a part of it (as answer, without text), and a chain of
    /// thought that is text of its own (ICoT-SI) is answer: what follows an echoed prompt has one entry a token.
    /// </summary>
    public bool WholeText { get; init; }

    public ulong Seed { get; init; }

    /// <summary>Index among the choices of one request; part of the name of every draw.</summary>
    public int Choice { get; init; }

    /// <summary>Smaller is served earlier; within a priority by arrival.</summary>
    public int Priority { get; init; }

    /// <summary>Only requests with the same salt share cached prompts (a tenant cannot probe another's).</summary>
    public string CacheSalt { get; init; } = "";

    /// <summary>What the answer must look like, compiled for this model's vocabulary; null = anything. Thoughts stay free.</summary>
    public AnswerConstraint? Constraint { get; init; }

    /// <summary>Strings that end the answer; they never look at thoughts.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Tokens that end the answer as an end of sequence does; in a thought they are tokens like others.</summary>
    public IReadOnlySet<int> StopTokens { get; init; } = new HashSet<int>();

    /// <summary>An end of sequence is a token of the answer like others. Markers between thought and answer keep their meaning.</summary>
    public bool IgnoreEndOfSequence { get; init; }

    /// <summary>No token may end the answer before this many are generated, counted as <see cref="MaxTokens"/> counts.</summary>
    public int MinTokens { get; init; }
}
