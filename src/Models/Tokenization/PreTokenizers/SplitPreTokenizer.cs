using InferenceServer.Models.Tokenization.Patterns;

namespace InferenceServer.Models.Tokenization.PreTokenizers;

/// <summary>Cuts at the matches of a pattern; with <c>invert</c>, the text between the matches are the delimiters.</summary>
internal sealed class SplitPreTokenizer(TextPattern pattern, SplitBehavior behavior, bool invert = false) : PreTokenizer
{
    public override PieceList Apply(PieceList input)
    {
        var output = new PieceList(input.Text);
        var matches = new List<TextRange>();
        var parts = new List<Part>();
        foreach (var piece in input.Pieces)
        {
            matches.Clear();
            parts.Clear();
            pattern.FindMatches(input[piece], matches);
            CoverWithParts(piece.Length, matches, parts);
            Merge(parts);
            foreach (var part in parts)
                output.Add(piece.Start + part.Start, part.End - part.Start, piece.AtOrigin && part.Start == 0);
        }

        return output;
    }

    private void CoverWithParts(int length, List<TextRange> matches, List<Part> parts)
    {
        var end = 0;
        foreach (var match in matches)
        {
            if (match.Start > end)
                parts.Add(new Part(end, match.Start, invert));
            parts.Add(new Part(match.Start, match.End, !invert));
            end = match.End;
        }

        if (end < length)
            parts.Add(new Part(end, length, invert));
    }

    private void Merge(List<Part> parts)
    {
        switch (behavior)
        {
            case SplitBehavior.Removed:
                parts.RemoveAll(part => part.IsDelimiter);
                break;
            case SplitBehavior.Contiguous:
                MergeForward(parts, (previous, part) => previous.IsDelimiter == part.IsDelimiter);
                break;
            case SplitBehavior.MergedWithPrevious:
                MergeForward(parts, (previous, part) => part.IsDelimiter && !previous.IsDelimiter);
                break;
            case SplitBehavior.MergedWithNext:
                MergeBackward(parts);
                break;
            case SplitBehavior.Isolated:
                break;
        }
    }

    /// <summary>Joins a part to the one before it; the join counts as what its last part was.</summary>
    private static void MergeForward(List<Part> parts, Func<Part, Part, bool> joins)
    {
        var write = 0;
        for (var read = 0; read < parts.Count; read++)
        {
            if (write > 0 && joins(parts[write - 1], parts[read]))
                parts[write - 1] = parts[read] with { Start = parts[write - 1].Start };
            else
                parts[write++] = parts[read];
        }

        parts.RemoveRange(write, parts.Count - write);
    }

    private static void MergeBackward(List<Part> parts)
    {
        var write = parts.Count;
        for (var read = parts.Count - 1; read >= 0; read--)
        {
            if (write < parts.Count && parts[read].IsDelimiter && !parts[write].IsDelimiter)
                parts[write] = parts[read] with { End = parts[write].End };
            else
                parts[--write] = parts[read];
        }

        parts.RemoveRange(0, write);
    }

    private readonly record struct Part(int Start, int End, bool IsDelimiter);
}
