namespace InferenceServer.Models.Tokenization.PreTokenizers;

/// <summary>Cuts every given number of code points.</summary>
internal sealed class FixedLengthPreTokenizer(int length) : PreTokenizer
{
    public override PieceList Apply(PieceList input)
    {
        var output = new PieceList(input.Text);
        foreach (var piece in input.Pieces)
        {
            int start = 0, position = 0, count = 0;
            foreach (var rune in input[piece].EnumerateRunes())
            {
                position += rune.Utf16SequenceLength;
                if (++count < length)
                    continue;
                output.Add(piece.Start + start, position - start, piece.AtOrigin && start == 0);
                (start, count) = (position, 0);
            }

            output.Add(piece.Start + start, position - start, piece.AtOrigin && start == 0);
        }

        return output;
    }
}
