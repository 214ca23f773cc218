namespace InferenceServer.Models.Checkpoints;

/// <summary>
/// Reads the <c>thinking</c> block of <c>config.json</c>. Every number is bounded here; what depends on the model
/// (its layers, its vocabulary) is checked by <see cref="CheckAgainst"/>.
/// </summary>
public static class ThinkingBlockReader
{
    private const int MaxTokenId = (1 << 24) - 1;
    private const int MaxThoughtTokens = 1 << 20;
    private const int MaxMarkers = 16;
    private const int MaxMarkerLength = 256;
    private const int MaxTemplateLength = 1 << 16;

    // The markers of TPO's generic prompt, and the spelling models drift to (arXiv 2410.10630, figure 2).
    private static readonly string[] GenericThoughtMarkers = ["Here is my thought process:", "Here's my thought process:"];
    private static readonly string[] GenericAnswerMarkers = ["Here is my response:", "Here's my response:"];

    /// <summary>What a method assumes where a checkpoint says nothing.</summary>
    public static ThinkingBlock Default(ThinkingMethod method) => method == ThinkingMethod.Tpo
        ? new ThinkingBlock { Method = method, ThoughtMarkers = GenericThoughtMarkers, AnswerMarkers = GenericAnswerMarkers }
        : new ThinkingBlock { Method = method };

    /// <exception cref="CheckpointException">An unknown method or key, or a value out of bounds.</exception>
    public static ThinkingBlock Read(ConfigSection block)
    {
        var method = ThinkingMethods.Parse(block.RequireText(ThinkingKeys.Method))
            ?? throw block.Invalid(ThinkingKeys.Method, $"one of {MethodIds()}", CheckpointErrorKind.ThinkingInvalid);
        RefuseUnknownKeys(block, method);
        var defaults = Default(method);
        if (block.FindText(ThinkingKeys.ThoughtPrompt) == TpoPrompts.SpecificName) defaults = TpoPrompts.Specific(defaults);
        var ahead = block.FindInteger(ThinkingKeys.ThoughtsAhead, 1, 1024) ?? defaults.ThoughtsAhead;
        return defaults with
        {
            PromptTemplate = Template(block, ThinkingKeys.PromptTemplate),
            KeepThoughtsInHistory = block.FindFlag(ThinkingKeys.KeepThoughtsInHistory) ?? defaults.KeepThoughtsInHistory,
            ThinkingLayer = method == ThinkingMethod.Tas ? block.RequireInteger(ThinkingKeys.ThinkingLayer, 1, 4096) : 0,
            ThinkingNorm = Norm(block),
            ThoughtBeginTokenId = block.FindInteger(ThinkingKeys.ThoughtBeginTokenId, 0, MaxTokenId),
            ThoughtEndTokenId = method == ThinkingMethod.Tas ? block.RequireInteger(ThinkingKeys.ThoughtEndTokenId, 0, MaxTokenId) : null,
            MaxThoughtTokens = block.FindInteger(ThinkingKeys.MaxThoughtTokens, 0, MaxThoughtTokens) ?? defaults.MaxThoughtTokens,
            SeparatorTokenId = block.FindInteger(ThinkingKeys.SeparatorTokenId, 0, MaxTokenId),
            EosCountToStop = block.FindInteger(ThinkingKeys.EosCountToStop, 1, 2) ?? defaults.EosCountToStop,
            ThoughtsAhead = ahead,
            SampledThoughtTokens = block.FindInteger(ThinkingKeys.SampledThoughtTokens, 0, 1024) ?? Math.Max(0, ahead - 3),
            EmbeddingScale = (float)(block.FindNumber(ThinkingKeys.EmbeddingScale, -1e6, 1e6) ?? defaults.EmbeddingScale),
            BaseVocabularySize = block.FindInteger(ThinkingKeys.BaseVocabularySize, 1, MaxTokenId + 1) ?? 0,
            ReinitFromDashes = block.FindFlag(ThinkingKeys.ReinitFromDashes) ?? false,
            ThoughtMarkers = Markers(block, ThinkingKeys.ThoughtMarkers) ?? defaults.ThoughtMarkers,
            AnswerMarkers = Markers(block, ThinkingKeys.AnswerMarkers) ?? defaults.AnswerMarkers,
            StartsInThought = block.FindFlag(ThinkingKeys.StartsInThought) ?? defaults.StartsInThought,
            ThoughtFirst = block.FindFlag(ThinkingKeys.ThoughtFirst) ?? defaults.ThoughtFirst,
            ThoughtPrompt = TpoPrompts.Find(block) ?? Template(block, ThinkingKeys.ThoughtPrompt),
            ResampleMissingAnswer = Resample(block),
            MaxResamples = block.FindInteger(ThinkingKeys.MaxResamples, 0, 16) ?? defaults.MaxResamples,
        };
    }

    /// <summary>Checks layers and token ids against the model the block stands in.</summary>
    public static void CheckAgainst(ThinkingBlock block, string file, int layers, int vocabularySize)
    {
        if (block.Method == ThinkingMethod.Tas) Check(ThinkingKeys.ThinkingLayer, block.ThinkingLayer, 1, layers);
        Check(ThinkingKeys.ThoughtBeginTokenId, block.ThoughtBeginTokenId, 0, vocabularySize - 1);
        Check(ThinkingKeys.ThoughtEndTokenId, block.ThoughtEndTokenId, 0, vocabularySize - 1);
        Check(ThinkingKeys.SeparatorTokenId, block.SeparatorTokenId, 0, vocabularySize - 1);
        Check(ThinkingKeys.BaseVocabularySize, block.BaseVocabularySize, 0, vocabularySize);

        void Check(string key, int? value, int min, int max)
        {
            if (value is not { } number || (number >= min && number <= max)) return;
            throw new CheckpointException(
                CheckpointErrorKind.ThinkingInvalid,
                file,
                "The value does not fit the model.",
                $"key '{ThinkingKeys.Block}.{key}'",
                $"{min} to {max}",
                $"{number}");
        }
    }

    /// <summary>All method ids, for messages.</summary>
    internal static string MethodIds() => string.Join(", ", Enum.GetValues<ThinkingMethod>().Select(method => method.Id()));

    private static void RefuseUnknownKeys(ConfigSection block, ThinkingMethod method)
    {
        var known = ThinkingKeys.Of(method);
        foreach (var key in block.Keys)
        {
            if (known.Contains(key)) continue;
            throw new CheckpointException(
                CheckpointErrorKind.ThinkingInvalid,
                block.File,
                $"The method '{method.Id()}' does not know this key.",
                $"key '{ThinkingKeys.Block}.{key}'",
                $"one of {string.Join(", ", known)}");
        }
    }

    private static ThinkingNorm Norm(ConfigSection block) => block.FindText(ThinkingKeys.ThinkNorm) switch
    {
        null or "own" => ThinkingNorm.Own,
        "shared" => ThinkingNorm.Shared,
        "none" => ThinkingNorm.None,
        _ => throw block.Invalid(ThinkingKeys.ThinkNorm, "own, shared or none", CheckpointErrorKind.ThinkingInvalid),
    };

    private static bool Resample(ConfigSection block) => block.FindText(ThinkingKeys.OnMissingAnswer) switch
    {
        null or "raw" => false,
        "resample" => true,
        _ => throw block.Invalid(ThinkingKeys.OnMissingAnswer, "resample or raw", CheckpointErrorKind.ThinkingInvalid),
    };

    private static string? Template(ConfigSection block, string key)
    {
        const string Input = "{input}";
        const string Short = "{x}";
        if (block.FindText(key) is not { } template) return null;
        if (template.Length <= MaxTemplateLength)
        {
            if (template.Contains(Input, StringComparison.Ordinal)) return template;
            if (template.Contains(Short, StringComparison.Ordinal)) return template.Replace(Short, Input, StringComparison.Ordinal);
        }

        throw block.Invalid(
            key, $"at most {MaxTemplateLength} characters with {Input} in them", CheckpointErrorKind.ThinkingInvalid);
    }

    private static IReadOnlyList<string>? Markers(ConfigSection block, string key)
    {
        var markers = block.FindTexts(key, MaxMarkers);
        return markers is null || (markers.Count > 0 && markers.All(marker => marker.Length is > 0 and <= MaxMarkerLength))
            ? markers
            : throw block.Invalid(key, $"1 to {MaxMarkers} strings of 1 to {MaxMarkerLength} characters", CheckpointErrorKind.ThinkingInvalid);
    }
}
