using System.Text;
using InferenceServer.Models.Tokenization.Unicode;

namespace InferenceServer.Models.Tokenization.Patterns;

/// <summary>Something that finds non-overlapping matches in a text, from left to right.</summary>
internal abstract class TextPattern
{
    /// <summary>Appends the matches as ranges relative to the start of <paramref name="text"/>.</summary>
    public abstract void FindMatches(ReadOnlySpan<char> text, List<TextRange> matches);

    /// <summary>Replaces every match.</summary>
    public string Replace(string text, string replacement)
    {
        var matches = new List<TextRange>();
        FindMatches(text, matches);
        if (matches.Count == 0)
            return text;
        var result = new StringBuilder(text.Length);
        var end = 0;
        foreach (var match in matches)
        {
            result.Append(text, end, match.Start - end).Append(replacement);
            end = match.End;
        }

        return result.Append(text, end, text.Length - end).ToString();
    }
}

/// <summary>UTF-16 units [Start, End).</summary>
internal readonly record struct TextRange(int Start, int End);

/// <summary>Matches a fixed string, compared code unit by code unit.</summary>
internal sealed class LiteralPattern(string literal) : TextPattern
{
    public override void FindMatches(ReadOnlySpan<char> text, List<TextRange> matches)
    {
        if (literal.Length == 0)
            return;
        for (var start = 0; text[start..].IndexOf(literal, StringComparison.Ordinal) is var offset and >= 0; start = matches[^1].End)
            matches.Add(new TextRange(start + offset, start + offset + literal.Length));
    }
}

/// <summary>Matches single code points that satisfy a predicate.</summary>
internal sealed class CodePointPattern(Func<int, bool> predicate) : TextPattern
{
    public static CodePointPattern WhiteSpace { get; } = new(CodePoints.IsWhiteSpace);

    public static CodePointPattern Punctuation { get; } = new(CodePoints.IsPunctuation);

    public static CodePointPattern Numeric { get; } = new(CodePoints.IsNumeric);

    public override void FindMatches(ReadOnlySpan<char> text, List<TextRange> matches)
    {
        var position = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            var end = position + rune.Utf16SequenceLength;
            if (predicate(rune.Value))
                matches.Add(new TextRange(position, end));
            position = end;
        }
    }
}
