using System.ComponentModel.DataAnnotations;

namespace InferenceServer.OpenAI;

/// <summary>All models this server serves.</summary>
public sealed record ModelList([property: AllowedValues("list")] string Object, IReadOnlyList<ModelResponse> Data)
{
    /// <summary>As Anthropic's clients have it: the list is always whole.</summary>
    public bool HasMore => false;

    public string? FirstId => Data.Count == 0 ? null : Data[0].Id;

    public string? LastId => Data.Count == 0 ? null : Data[^1].Id;
}

/// <summary>One served model.</summary>
/// <param name="Id">What requests name it by.</param>
/// <param name="Created">When it was configured, in seconds since 1970.</param>
/// <param name="Ready">Whether it is loaded; what follows is null until then.</param>
/// <param name="Method">How it thinks: plain, tas, bitune, icot_si, icot_kd, quiet_star or tpo.</param>
/// <param name="Layers">Layers of the network that answers.</param>
/// <param name="ThinkingLayer">tas: layers run before the thinking head; null for other methods.</param>
/// <param name="ContextLength">Positions of one sequence, prompt and markers included.</param>
/// <param name="BaseModel">An adapter: name of its base's folder, whose weights and engine it shares; null for a whole model.</param>
/// <param name="VocabularySize">Token ids are below it.</param>
/// <param name="Example">A prompt that shows the model at its best, where one is configured.</param>
public sealed record ModelResponse(
    string Id,
    [property: AllowedValues("model")] string Object,
    long Created,
    string OwnedBy,
    bool Ready,
    [property: AllowedValues("plain", "tas", "bitune", "icot_si", "icot_kd", "quiet_star", "tpo")] string? Method,
    int? Layers,
    int? ThinkingLayer,
    int? ContextLength,
    string? BaseModel,
    int? VocabularySize,
    string? Example,
    ModelAbilities? Abilities)
{
    /// <summary>The object, in Anthropic's word.</summary>
    [AllowedValues("model")]
    public string Type => "model";

    /// <summary>The id, for Anthropic's clients.</summary>
    public string DisplayName => Id;

    /// <summary>As created, in RFC 3339, for Anthropic's clients.</summary>
    public DateTimeOffset CreatedAt => DateTimeOffset.FromUnixTimeSeconds(Created);

    /// <summary>What a reader must know of its answers, where that is configured.</summary>
    public string? Note { get; init; }

    /// <summary>Its trained language heads from bottom to top; what peek can name. Null until it is loaded.</summary>
    public IReadOnlyList<ModelHead>? Heads { get; init; }
}

/// <summary>What requests may ask of a model.</summary>
/// <param name="Thoughts">When it thinks in words: before the answer, during it (before each token), or never.</param>
/// <param name="ThinkingBudget">What a thinking budget can do: exact (any bound), switch (thoughts off, or on), none.</param>
/// <param name="SuppliedThought">Whether a thought can be given instead of its own.</param>
/// <param name="ThoughtSummary">Whether its thoughts can be summarised.</param>
/// <param name="ThinksByDefault">Whether it thinks where a request does not say.</param>
/// <param name="ChatTemplate">Whether conversations of several turns reach it: without a template only the last user message does.</param>
public sealed record ModelAbilities(
    [property: AllowedValues("before", "during", "never")] string Thoughts,
    [property: AllowedValues("exact", "switch", "none")] string ThinkingBudget,
    bool SuppliedThought,
    bool ThoughtSummary,
    bool ThinksByDefault,
    bool ChatTemplate);
