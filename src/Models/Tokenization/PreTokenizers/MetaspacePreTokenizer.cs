using System.Text;
using InferenceServer.Models.Tokenization.Patterns;

namespace InferenceServer.Models.Tokenization.PreTokenizers;

/// <summary>SentencePiece's spaces: each becomes the replacement (usually U+2581), which begins a piece.</summary>
internal sealed class MetaspacePreTokenizer(string replacement, PrependScheme scheme, bool split) : PreTokenizer
{
    private readonly SplitPreTokenizer? _split =
        split ? new(new LiteralPattern(replacement), SplitBehavior.MergedWithNext) : null;

    public override PieceList Apply(PieceList input)
    {
        var text = new StringBuilder(input.Text.Length + 1);
        var pieces = new List<Piece>(input.Pieces.Count);
        foreach (var piece in input.Pieces)
        {
            var start = text.Length;
            var source = input[piece];
            var prepends = scheme == PrependScheme.Always || (scheme == PrependScheme.First && piece.AtOrigin);
            if (prepends && source[0] != ' ' && !source.StartsWith(replacement, StringComparison.Ordinal))
                text.Append(replacement);
            for (int space; (space = source.IndexOf(' ')) >= 0; source = source[(space + 1)..])
                text.Append(source[..space]).Append(replacement);
            text.Append(source);
            pieces.Add(new Piece(start, text.Length - start, piece.AtOrigin));
        }

        var output = new PieceList(text.ToString());
        output.Pieces.AddRange(pieces);
        return _split?.Apply(output) ?? output;
    }
}
