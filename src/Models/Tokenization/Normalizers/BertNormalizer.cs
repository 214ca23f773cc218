using System.Globalization;
using System.Text;
using InferenceServer.Models.Tokenization.Unicode;

namespace InferenceServer.Models.Tokenization.Normalizers;

/// <summary>BERT's cleaning: control characters, spaces around CJK ideographs, accents, case (google-research/bert, tokenization.py).</summary>
internal sealed class BertNormalizer(bool cleanText, bool handleChineseChars, bool stripAccents, bool lowercase) : Normalizer
{
    public override string Normalize(string text, ref bool atOrigin)
    {
        if (cleanText)
            text = Clean.Normalize(text, ref atOrigin);
        if (handleChineseChars)
            text = SpaceIdeographs(text);
        if (stripAccents)
            text = DropNonSpacingMarks.Normalize(UnicodeNormalizer.Normalize(text, NormalizationForm.FormD), ref atOrigin);
        return lowercase ? LowercaseNormalizer.Lower(text) : text;
    }

    private static MapNormalizer Clean { get; } = new(codePoint =>
        codePoint is 0 or 0xFFFD || IsControl(codePoint) ? -1 : CodePoints.IsWhiteSpace(codePoint) ? ' ' : codePoint);

    private static MapNormalizer DropNonSpacingMarks { get; } =
        new(codePoint => CodePoints.IsNonSpacingMark(codePoint) ? -1 : codePoint);

    private static bool IsControl(int codePoint) => codePoint is not ('\t' or '\n' or '\r') &&
        CharUnicodeInfo.GetUnicodeCategory(codePoint) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;

    private static string SpaceIdeographs(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsIdeograph(rune.Value))
                result.Append(' ').Append(rune.ToString()).Append(' ');
            else
                result.Append(rune.ToString());
        }

        return result.ToString();
    }

    private static bool IsIdeograph(int c) => c is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF)
        or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF)
        or (>= 0x2F800 and <= 0x2FA1F);
}
