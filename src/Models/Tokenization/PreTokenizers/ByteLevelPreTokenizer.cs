using System.Text;
using InferenceServer.Models.Tokenization.Patterns;

namespace InferenceServer.Models.Tokenization.PreTokenizers;

/// <summary>GPT-2's words (openai/gpt-2, encoder.py), written in its byte alphabet.</summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool useRegex) : PreTokenizer
{
    private const string WordPattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private readonly SplitPreTokenizer? _split = useRegex ? new(new RegexPattern(WordPattern), SplitBehavior.Isolated) : null;

    public override PieceList Apply(PieceList input)
    {
        if (addPrefixSpace)
            input = PrefixSpace(input);
        if (_split is not null)
            input = _split.Apply(input);
        var text = new StringBuilder(input.Text.Length);
        var pieces = new List<Piece>(input.Pieces.Count);
        foreach (var piece in input.Pieces)
        {
            var start = text.Length;
            ByteAlphabet.AppendEncoded(text, input[piece]);
            pieces.Add(new Piece(start, text.Length - start, piece.AtOrigin));
        }

        var output = new PieceList(text.ToString());
        output.Pieces.AddRange(pieces);
        return output;
    }

    private static PieceList PrefixSpace(PieceList input)
    {
        var text = new StringBuilder(input.Text.Length + input.Pieces.Count);
        var pieces = new List<Piece>(input.Pieces.Count);
        foreach (var piece in input.Pieces)
        {
            var start = text.Length;
            if (input[piece][0] != ' ')
                text.Append(' ');
            text.Append(input[piece]);
            pieces.Add(new Piece(start, text.Length - start, piece.AtOrigin));
        }

        var output = new PieceList(text.ToString());
        output.Pieces.AddRange(pieces);
        return output;
    }
}
