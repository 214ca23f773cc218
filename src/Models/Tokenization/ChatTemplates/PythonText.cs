using System.Globalization;
using System.Text;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>What Python means by whitespace, line ends, code points and letter case.</summary>
internal static class PythonText
{
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    public static bool IsSpace(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!IsSpace(c))
            {
                return false;
            }
        }

        return text.Length > 0;
    }

    public static bool IsLineEnd(char c) => c is '\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029';

    public static string TrimEnd(string text)
    {
        var end = text.Length;
        while (end > 0 && IsSpace(text[end - 1]))
        {
            end--;
        }

        return text[..end];
    }

    /// <summary>Code points in the text; a lone surrogate counts as one.</summary>
    public static int Length(ReadOnlySpan<char> text)
    {
        var length = text.Length;
        for (var i = 0; i + 1 < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && char.IsLowSurrogate(text[i + 1]))
            {
                length--;
                i++;
            }
        }

        return length;
    }

    public static int SizeAt(string text, int i) => char.IsSurrogatePair(text, i) ? 2 : 1;

    /// <summary>Index in UTF-16 code units of code point <paramref name="codePoint"/>, at most the end of the text.</summary>
    public static int Offset(string text, int codePoint)
    {
        var i = 0;
        for (; codePoint > 0 && i < text.Length; codePoint--)
        {
            i += SizeAt(text, i);
        }

        return i;
    }

    public static string Upper(string text)
    {
        var upper = text.ToUpperInvariant();
        return CaseExceptions.Expand(upper);
    }

    public static string Lower(string text)
    {
        var lower = text.ToLowerInvariant();
        return lower.Contains('İ') ? lower.Replace("İ", "i\u0307", StringComparison.Ordinal) : lower;
    }

    public static bool IsCased(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter;

    public static bool IsUpper(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter;

    public static bool IsLower(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.LowercaseLetter;

    /// <summary>Python's <c>str.title</c>: a letter after a letter is lower case, any other upper case.</summary>
    public static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        var inWord = false;
        foreach (var rune in text.EnumerateRunes())
        {
            var s = rune.ToString();
            result.Append(inWord ? Lower(s) : TitleCase(s));
            inWord = IsCased(rune);
        }

        return result.ToString();
    }

    /// <summary>First letter in upper (title) case, the rest in lower case.</summary>
    public static string Capitalize(string text)
    {
        if (text.Length == 0)
        {
            return text;
        }

        var size = SizeAt(text, 0);
        return TitleCase(text[..size]) + Lower(text[size..]);
    }

    public static string SwapCase(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            var s = rune.ToString();
            result.Append(IsUpper(rune) ? Lower(s) : Upper(s));
        }

        return result.ToString();
    }

    private static string TitleCase(string s)
    {
        var upper = Upper(s);
        return upper.Length > s.Length ? upper[..1] + Lower(upper[1..]) : upper;
    }
}
