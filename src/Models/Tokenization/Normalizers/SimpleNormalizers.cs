using System.Text;
using InferenceServer.Models.Tokenization.Patterns;
using InferenceServer.Models.Tokenization.Unicode;

namespace InferenceServer.Models.Tokenization.Normalizers;

/// <summary>NFC, NFD, NFKC, NFKD.</summary>
internal sealed class UnicodeFormNormalizer(NormalizationForm form) : Normalizer
{
    public override string Normalize(string text, ref bool atOrigin) => UnicodeNormalizer.Normalize(text, form);
}

internal sealed class LowercaseNormalizer : Normalizer
{
    public override string Normalize(string text, ref bool atOrigin) => Lower(text);

    /// <summary>Unicode lowercase of every code point on its own; U+0130 is the only one that becomes two.</summary>
    public static string Lower(string text) => text.Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant();
}

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

/// <summary>Prepends a string to text that is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : Normalizer
{
    public override string Normalize(string text, ref bool atOrigin) => text.Length == 0 ? text : prefix + text;
}

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

/// <summary>Rewrites code point by code point: kept, changed or removed (-1).</summary>
internal sealed class MapNormalizer(Func<int, int> map) : Normalizer
{
    /// <summary>Removes every combining mark.</summary>
    public static MapNormalizer StripAccents { get; } = new(codePoint => CodePoints.IsMark(codePoint) ? -1 : codePoint);

    /// <summary>SentencePiece's <c>nmt</c> rules: control characters go, unusual spaces become spaces.</summary>
    public static MapNormalizer Nmt { get; } = new(codePoint => codePoint switch
    {
        (>= 0x01 and <= 0x08) or 0x0B or (>= 0x0E and <= 0x1F) or 0x7F or 0x8F or 0x9F => -1,
        0x09 or 0x0A or 0x0C or 0x0D or 0x1680 or (>= 0x200B and <= 0x200F) or 0x2028 or 0x2029 or 0x2581 or 0xFEFF or 0xFFFD => ' ',
        _ => codePoint,
    });

    public override string Normalize(string text, ref bool atOrigin)
    {
        var result = new StringBuilder(text.Length);
        Span<char> units = stackalloc char[2];
        var first = true;
        foreach (var rune in text.EnumerateRunes())
        {
            var mapped = map(rune.Value);
            if (mapped >= 0)
                result.Append(units[..new Rune(mapped).EncodeToUtf16(units)]);
            else if (first)
                atOrigin = false;
            first = false;
        }

        return result.ToString();
    }
}

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
