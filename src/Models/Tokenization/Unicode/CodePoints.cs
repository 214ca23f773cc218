using System.Globalization;

namespace InferenceServer.Models.Tokenization.Unicode;

/// <summary>Character predicates with the meaning Rust's standard library and its <c>regex</c> crate give them.</summary>
internal static class CodePoints
{
    /// <summary>White_Space.</summary>
    public static bool IsWhiteSpace(int codePoint) => codePoint < 0x10000 && char.IsWhiteSpace((char)codePoint);

    /// <summary>Nd, Nl or No.</summary>
    public static bool IsNumeric(int codePoint) =>
        CharUnicodeInfo.GetUnicodeCategory(codePoint) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber
            or UnicodeCategory.OtherNumber;

    /// <summary>ASCII punctuation (which includes symbols such as <c>$</c>) or general category P.</summary>
    public static bool IsPunctuation(int codePoint) => codePoint < 0x80
        ? char.IsPunctuation((char)codePoint) || char.IsSymbol((char)codePoint)
        : CharUnicodeInfo.GetUnicodeCategory(codePoint) is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation;

    public static bool IsMark(int codePoint) =>
        CharUnicodeInfo.GetUnicodeCategory(codePoint) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
            or UnicodeCategory.EnclosingMark;

    public static bool IsNonSpacingMark(int codePoint) =>
        CharUnicodeInfo.GetUnicodeCategory(codePoint) == UnicodeCategory.NonSpacingMark;

    /// <summary><c>\w</c>: Alphabetic, marks, decimal digits, connectors and the two joiners (Unicode TS 18, annex C).</summary>
    public static bool IsWord(int codePoint) => IsAlphabetic(codePoint) || codePoint is 0x200C or 0x200D ||
        CharUnicodeInfo.GetUnicodeCategory(codePoint) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.ConnectorPunctuation
            or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    /// <summary>Letters, letter numbers and the circled or squared Latin letters; alphabetic marks are left to the callers.</summary>
    public static bool IsAlphabetic(int codePoint) =>
        CharUnicodeInfo.GetUnicodeCategory(codePoint) is <= UnicodeCategory.OtherLetter or UnicodeCategory.LetterNumber ||
        codePoint is (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169)
            or (>= 0x1F170 and <= 0x1F189);
}
