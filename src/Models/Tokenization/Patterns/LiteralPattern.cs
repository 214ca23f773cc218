namespace InferenceServer.Models.Tokenization.Patterns;

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
