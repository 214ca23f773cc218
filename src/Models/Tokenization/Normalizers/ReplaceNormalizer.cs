using InferenceServer.Models.Tokenization.Patterns;

namespace InferenceServer.Models.Tokenization.Normalizers;

internal sealed class ReplaceNormalizer(TextPattern pattern, string replacement) : Normalizer
{
    public override string Normalize(string text, ref bool atOrigin)
    {
        if (atOrigin && replacement.Length == 0)
        {
            var matches = new List<TextRange>();
            pattern.FindMatches(text, matches);
            atOrigin = matches.Count == 0 || matches[0].Start > 0 || matches[0].End == 0;
        }

        return pattern.Replace(text, replacement);
    }
}
