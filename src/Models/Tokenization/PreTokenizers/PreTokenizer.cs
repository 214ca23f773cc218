namespace InferenceServer.Models.Tokenization.PreTokenizers;

/// <summary>Cuts pieces into smaller pieces; a token never crosses the border of a piece.</summary>
internal abstract class PreTokenizer
{
    public abstract PieceList Apply(PieceList input);
}
