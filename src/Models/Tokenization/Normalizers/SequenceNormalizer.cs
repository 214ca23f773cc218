namespace InferenceServer.Models.Tokenization.Normalizers;

/// <summary>Applies normalizers one after the other.</summary>
internal sealed class SequenceNormalizer(IReadOnlyList<Normalizer> steps) : Normalizer
{
    public override string Normalize(string text, ref bool atOrigin)
    {
        foreach (var step in steps)
            text = step.Normalize(text, ref atOrigin);
        return text;
    }
}
