namespace InferenceServer.Models.Tokenization.Normalizers;

internal sealed class LowercaseNormalizer : Normalizer
{
    public override string Normalize(string text, ref bool atOrigin) => Lower(text);

    /// <summary>Unicode lowercase of every code point on its own; U+0130 is the only one that becomes two.</summary>
    public static string Lower(string text) => text.Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant();
}
