using InferenceServer.Models.Tokenization.Unicode;

namespace InferenceServer.Models.Tokenization.Patterns;

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
