namespace InferenceServer.Models.Tokenization.PreTokenizers;

/// <summary>A text and the non-empty pieces it is cut into so far; steps either cut further or write a new text.</summary>
internal sealed class PieceList(string text)
{
    public string Text { get; } = text;

    public List<Piece> Pieces { get; } = [];

    public ReadOnlySpan<char> this[Piece piece] => Text.AsSpan(piece.Start, piece.Length);

    public void Add(int start, int length, bool atOrigin)
    {
        if (length > 0)
            Pieces.Add(new Piece(start, length, atOrigin));
    }
}
