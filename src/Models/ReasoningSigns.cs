using System.Text.RegularExpressions;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Tokenization;
using InferenceServer.Models.Tokenization.ChatTemplates;

namespace InferenceServer.Models;

/// <summary>
/// Recognises ordinary reasoning models, whose configuration says nothing of thoughts, by what their tokenizer or their
/// chat template knows: think tags (DeepSeek-R1, Qwen3), bracketed ones (Magistral), or TPO's own texts (Granite 3.2).
/// </summary>
internal static partial class ReasoningSigns
{
    private static readonly (string Open, string Close)[] Tags = [("<think>", "</think>"), ("[THINK]", "[/THINK]")];

    /// <summary>How such a model thinks; null where nothing speaks of thoughts.</summary>
    public static ThinkingBlock? Find(Tokenizer tokenizer, ChatTemplate? template)
    {
        foreach (var (open, close) in Tags)
        {
            var known = tokenizer.TokenToId(open) is not null && tokenizer.TokenToId(close) is not null;
            if (known || template?.Source.Contains(close, StringComparison.Ordinal) == true)
                return new ThinkingBlock { Method = ThinkingMethod.Tpo, ThoughtMarkers = [open], AnswerMarkers = [close], ThoughtFirst = true };
        }

        var generic = ThinkingBlockReader.Default(ThinkingMethod.Tpo);
        if (template is null || !Names(template, generic.ThoughtMarkers) || !Names(template, generic.AnswerMarkers)) return null;
        return generic with { ThinksByDefault = Switch(template) is null };
    }

    /// <summary>The variable that switches a template's thoughts on and off, null where it has none.</summary>
    public static string? Switch(ChatTemplate? template) =>
        template is not null && SwitchInTag().Match(template.Source) is { Success: true } match ? match.Groups[1].Value : null;

    private static bool Names(ChatTemplate template, IReadOnlyList<string> markers) =>
        markers.Any(marker => template.Source.Contains(marker, StringComparison.Ordinal));

    // Within a statement, and not as an attribute or a string.
    [GeneratedRegex("""\{%-?[^%'".]*?\b(enable_thinking|thinking)\b(?!\s*\()""", RegexOptions.CultureInvariant)]
    private static partial Regex SwitchInTag();
}
