namespace InferenceServer.Models.Tokenization.Normalizers;

internal sealed class StripNormalizer(bool left, bool right) : Normalizer
{
    public override string Normalize(string text, ref bool atOrigin)
    {
        int start = 0, end = text.Length;
        while (left && start < end && char.IsWhiteSpace(text[start]))
            start++;
        while (right && end > start && char.IsWhiteSpace(text[end - 1]))
            end--;
        atOrigin &= start == 0;
        return text[start..end];
    }
}
