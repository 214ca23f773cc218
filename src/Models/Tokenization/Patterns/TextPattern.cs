using System.Text;

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
