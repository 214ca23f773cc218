namespace InferenceServer.Models.Tokenization.Normalizers;

/// <summary>Prepends a string to text that is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : Normalizer
{
    public override string Normalize(string text, ref bool atOrigin) => text.Length == 0 ? text : prefix + text;
}
