namespace InferenceServer.Models.Checkpoints;

/// <summary>The thought prompts of TPO (arXiv 2410.10630) by name; a checkpoint may also spell out one of its own.</summary>
internal static class TpoPrompts
{
    public const string GenericName = "generic";

    public const string SpecificName = "specific";

    // Figure 2 of the paper.
    private const string Generic =
        "Respond to the following user query in a comprehensive and detailed way. You can write down your thought process before responding. "
        + "Write your thoughts after \"Here is my thought process:\" and write your response after \"Here is my response:\".\n\nUser query: {input}";

    // The one the paper found best. The output begins with the thought; <R> is text like any other.
    private const string SpecificText =
        "Respond to the following user query in a comprehensive and detailed way. But first write down your internal thoughts. "
        + "This must include your draft response and its evaluation. After this, write your final response after \"<R>\".\n\nUser query: {input}";

    /// <summary>The text of a named prompt, null where the block names none.</summary>
    public static string? Find(ConfigSection block) => block.FindText(ThinkingKeys.ThoughtPrompt) switch
    {
        GenericName => Generic,
        SpecificName => SpecificText,
        _ => null,
    };

    /// <summary>The markers the specific prompt asks for.</summary>
    public static ThinkingBlock Specific(ThinkingBlock block) => block with { ThoughtMarkers = [], AnswerMarkers = ["<R>"], StartsInThought = true };
}
