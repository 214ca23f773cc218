namespace InferenceServer.Models.Tokenization.PreTokenizers;

/// <summary>Cuts pieces into smaller pieces; a token never crosses the border of a piece.</summary>
internal abstract class PreTokenizer
{
    public abstract PieceList Apply(PieceList input);
}

internal sealed class SequencePreTokenizer(IReadOnlyList<PreTokenizer> steps) : PreTokenizer
{
    public override PieceList Apply(PieceList input)
    {
        foreach (var step in steps)
            input = step.Apply(input);
        return input;
    }
}
