using System.Text;
using InferenceServer.Models.Tokenization.Unicode;

namespace InferenceServer.Models.Tokenization.Normalizers;

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
