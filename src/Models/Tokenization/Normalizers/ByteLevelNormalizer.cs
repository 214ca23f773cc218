using System.Text;

namespace InferenceServer.Models.Tokenization.Normalizers;

/// <summary>Writes every UTF-8 byte as a character of GPT-2's byte alphabet.</summary>
internal sealed class ByteLevelNormalizer : Normalizer
{
    public override string Normalize(string text, ref bool atOrigin)
    {
        var result = new StringBuilder(text.Length);
        ByteAlphabet.AppendEncoded(result, text);
        return result.ToString();
    }
}
