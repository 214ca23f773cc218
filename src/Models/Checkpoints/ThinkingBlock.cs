namespace InferenceServer.Models.Checkpoints;

/// <summary>How a model thinks. The ids in configuration files are those of <see cref="ThinkingMethods"/>.</summary>
public enum ThinkingMethod
{
    Plain,
    Tas,
    Bitune,
    IcotSi,
    IcotKd,
    QuietStar,
    Tpo,
}

/// <summary>Where the norm in front of a thinking head comes from.</summary>
public enum ThinkingNorm
{
    /// <summary><c>thinking_norm.weight</c> of the checkpoint.</summary>
    Own,

    /// <summary>The model's final norm.</summary>
    Shared,

    /// <summary>No norm.</summary>
    None,
}

/// <summary>The <c>thinking</c> block of <c>config.json</c>; keys that a method does not know are refused.</summary>
public sealed record ThinkingBlock
{
    public ThinkingMethod Method { get; init; }

    /// <summary>TaS: layers run before the thinking head, 1..L.</summary>
    public int ThinkingLayer { get; init; }

    public ThinkingNorm ThinkingNorm { get; init; } = ThinkingNorm.Own;

    /// <summary>TaS: fed before the first thought, if any.</summary>
    public int? ThoughtBeginTokenId { get; init; }

    /// <summary>TaS: ends a thought; fed to the model, sampled or forced.</summary>
    public int? ThoughtEndTokenId { get; init; }

    /// <summary>TaS, TPO: the budget where a request names none.</summary>
    public int MaxThoughtTokens { get; init; } = 512;

    public bool KeepThoughtsInHistory { get; init; }

    /// <summary>How a prompt is dressed where there is no chat template: <c>{input}</c> and <c>{eos}</c> are filled in.</summary>
    public string? PromptTemplate { get; init; }

    /// <summary>ICoT: the separator between input, chain and answer; the end-of-sequence token unless named.</summary>
    public int? SeparatorTokenId { get; init; }

    /// <summary>ICoT-SI: end-of-sequence tokens to generate, 1 or 2.</summary>
    public int EosCountToStop { get; init; } = 2;

    /// <summary>Quiet-STaR: forward iterations of the training run, the base one included.</summary>
    public int ThoughtsAhead { get; init; } = 8;

    /// <summary>Quiet-STaR: sampled tokens per thought; n_ahead − 3 unless named.</summary>
    public int SampledThoughtTokens { get; init; } = 5;

    /// <summary>Quiet-STaR: multiplies the stored start and end vectors.</summary>
    public float EmbeddingScale { get; init; } = 100;

    /// <summary>Quiet-STaR: begin and end thoughts with the embedding of three dashes instead of what was learned, as the published evaluation does.</summary>
    public bool ReinitFromDashes { get; init; }

    /// <summary>Quiet-STaR: ids at or above are never emitted; 0 = what the tokenizer says.</summary>
    public int BaseVocabularySize { get; init; }

    /// <summary>TPO: text markers, alternatives in order of preference.</summary>
    public IReadOnlyList<string> ThoughtMarkers { get; init; } = [];

    public IReadOnlyList<string> AnswerMarkers { get; init; } = [];

    /// <summary>TPO: the output begins inside the thought (the specific prompt, or a template that opens it).</summary>
    public bool StartsInThought { get; init; }

    /// <summary>TPO: a thought marker must be the first thing the model writes, else all of it is answer (think tags).</summary>
    public bool ThoughtFirst { get; init; }

    /// <summary>TPO: how the last user message asks for a thought, with <c>{input}</c>; null where the chat template does.</summary>
    public string? ThoughtPrompt { get; init; }

    /// <summary>False for models whose chat template asks for thoughts only when it is told to.</summary>
    public bool ThinksByDefault { get; init; } = true;

    /// <summary>TPO: what to do when no answer marker came: true = sample again, false = hand out the text as it is.</summary>
    public bool ResampleMissingAnswer { get; init; }

    public int MaxResamples { get; init; } = 2;
}

/// <summary>Method ids as they stand in <c>config.json</c> and server configuration.</summary>
public static class ThinkingMethods
{
    private static readonly (ThinkingMethod Method, string Id)[] Ids =
    [
        (ThinkingMethod.Plain, "plain"),
        (ThinkingMethod.Tas, "tas"),
        (ThinkingMethod.Bitune, "bitune"),
        (ThinkingMethod.IcotSi, "icot_si"),
        (ThinkingMethod.IcotKd, "icot_kd"),
        (ThinkingMethod.QuietStar, "quiet_star"),
        (ThinkingMethod.Tpo, "tpo"),
    ];

    public static string Id(this ThinkingMethod method) => Array.Find(Ids, entry => entry.Method == method).Id;

    public static ThinkingMethod? Parse(string id)
    {
        foreach (var entry in Ids)
        {
            if (entry.Id == id) return entry.Method;
        }

        return null;
    }
}
