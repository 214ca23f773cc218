using System.Globalization;
using InferenceServer.Models.Tokenization.Patterns;

namespace InferenceServer.Models.Tokenization.Unicode;

/// <summary>Character predicates with the meaning Hugging Face's tokenizers give them: Rust's standard library, its <c>regex</c> crate, and crates
/// whose tables are of older Unicode versions.</summary>
internal static class CodePoints
{
    /// <summary>White_Space.</summary>
    public static bool IsWhiteSpace(int codePoint) => codePoint < 0x10000 && char.IsWhiteSpace((char)codePoint);

    /// <summary>Nd, Nl or No.</summary>
    public static bool IsNumeric(int codePoint) =>
        CharUnicodeInfo.GetUnicodeCategory(codePoint) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber
            or UnicodeCategory.OtherNumber;

    /// <summary>ASCII punctuation (which includes symbols such as <c>$</c>) or general category P up to Unicode 8.0.</summary>
    public static bool IsPunctuation(int codePoint) => codePoint < 0x80
        ? char.IsPunctuation((char)codePoint) || char.IsSymbol((char)codePoint)
        : UnicodeProperties.Punctuation8.Contains(codePoint);

    /// <summary>Any mark up to Unicode 9.0.</summary>
    public static bool IsMark(int codePoint) => codePoint >= 0x300 && UnicodeProperties.Marks9.Contains(codePoint);

    /// <summary>A non-spacing mark up to Unicode 8.0.</summary>
    public static bool IsNonSpacingMark(int codePoint) => codePoint >= 0x300 && UnicodeProperties.Marks8.Contains(codePoint);

    /// <summary><c>\w</c> of Rust's regex crate: Alphabetic, marks, decimal digits, connectors and the two joiners.</summary>
    public static bool IsWord(int codePoint) => codePoint is 0x200C or 0x200D ||
        (UnicodeProperties.Word.Contains(codePoint) && codePoint is not (0xB2 or 0xB3 or 0xB9 or 0xBC or 0xBD or 0xBE));
}
