namespace InferenceServer.Models.Tokenization.PreTokenizers;

internal sealed class SequencePreTokenizer(IReadOnlyList<PreTokenizer> steps) : PreTokenizer
{
    public override PieceList Apply(PieceList input)
    {
        foreach (var step in steps)
            input = step.Apply(input);
        return input;
    }
}
