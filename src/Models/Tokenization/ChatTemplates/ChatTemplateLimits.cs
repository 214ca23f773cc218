namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>What one rendering may cost. A hostile or broken template ends in a <see cref="ChatTemplateException"/>.</summary>
public sealed record ChatTemplateLimits
{
    public static ChatTemplateLimits Default { get; } = new();

    /// <summary>UTF-16 code units in the output, and in any one string made on the way.</summary>
    public int MaxOutputLength { get; init; } = 16 * 1024 * 1024;

    /// <summary>Evaluated nodes and loop turns, plus one for every 32 characters or items that an operation touches.</summary>
    public long MaxSteps { get; init; } = 20_000_000;

    /// <summary>Nested macro calls, recursive loops and call blocks.</summary>
    public int MaxDepth { get; init; } = 200;
}
