namespace InferenceServer.Models.Checkpoints;

/// <summary>Which keys of the <c>thinking</c> block each method knows.</summary>
public static class ThinkingKeys
{
    public const string Block = "thinking";
    public const string Method = "method";
    public const string PromptTemplate = "prompt_template";
    public const string KeepThoughtsInHistory = "keep_thoughts_in_history";
    public const string ThinkingLayer = "thinking_layer";
    public const string ThinkNorm = "think_norm";
    public const string ThoughtBeginTokenId = "thought_begin_token_id";
    public const string ThoughtEndTokenId = "thought_end_token_id";
    public const string MaxThoughtTokens = "max_thought_tokens";
    public const string SeparatorTokenId = "separator_token_id";
    public const string EosCountToStop = "eos_count_to_stop";
    public const string ThoughtsAhead = "n_ahead";
    public const string SampledThoughtTokens = "sampled_thought_tokens";
    public const string EmbeddingScale = "embedding_scale";
    public const string BaseVocabularySize = "base_vocab_size";
    public const string ReinitFromDashes = "reinit_from_dashes";
    public const string ThoughtMarkers = "thought_markers";
    public const string AnswerMarkers = "answer_markers";
    public const string StartsInThought = "starts_in_thought";
    public const string ThoughtFirst = "thought_first";
    public const string ThoughtPrompt = "thought_prompt";
    public const string OnMissingAnswer = "on_missing_answer";
    public const string MaxResamples = "max_resamples";

    private static readonly string[] Common = [Method, PromptTemplate, KeepThoughtsInHistory];

    /// <summary>Whether a model of this method has tensors that others do not.</summary>
    public static bool AddsToTheModel(ThinkingMethod method) =>
        method is ThinkingMethod.Tas or ThinkingMethod.Bitune or ThinkingMethod.IcotKd or ThinkingMethod.QuietStar;

    /// <summary>The keys a method knows, the common ones first.</summary>
    public static IReadOnlyList<string> Of(ThinkingMethod method) =>
    [
        .. Common,
        .. method switch
        {
            ThinkingMethod.Tas => [ThinkingLayer, ThinkNorm, ThoughtBeginTokenId, ThoughtEndTokenId, MaxThoughtTokens],
            ThinkingMethod.IcotSi => [SeparatorTokenId, EosCountToStop, MaxThoughtTokens],
            ThinkingMethod.IcotKd => [SeparatorTokenId],
            ThinkingMethod.QuietStar => [ThoughtsAhead, SampledThoughtTokens, EmbeddingScale, BaseVocabularySize, ReinitFromDashes],
            ThinkingMethod.Tpo => [ThoughtMarkers, AnswerMarkers, StartsInThought, ThoughtFirst, ThoughtPrompt, OnMissingAnswer, MaxResamples, MaxThoughtTokens],
            _ => (string[])[],
        },
    ];
}
