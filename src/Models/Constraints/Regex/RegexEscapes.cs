using System.Globalization;

namespace InferenceServer.Models.Constraints.Regex;

/// <summary>
/// The classes of characters that escapes stand for. Where the dialects of validators differ (ECMA-262, Python, .NET), a class
/// holds what is in it for all of them, so that what is generated matches in each.
/// </summary>
internal static class RegexEscapes
{
    private static readonly Lazy<CharSet> NonDigits = new(() => Where(category => category != UnicodeCategory.DecimalDigitNumber));

    private static readonly Lazy<CharSet> NonWords = new(() => Where(category => category
        is not (UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter
            or UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber or UnicodeCategory.ConnectorPunctuation
            or UnicodeCategory.Format)));

    private static readonly CharSet Digits = CharSet.Of('0', '9');

    private static readonly CharSet Words = CharSet.Union(Digits, CharSet.Of('a', 'z'), CharSet.Of('A', 'Z'), CharSet.Of('_'));

    private static readonly CharSet Spaces = CharSet.Of(
        [new('\t', '\r'), new(' ', ' '), new(0xA0, 0xA0), new(0x1680, 0x1680), new(0x2000, 0x200A), new(0x2028, 0x2029), new(0x202F, 0x202F), new(0x205F, 0x205F), new(0x3000, 0x3000)]);

    private static readonly CharSet NonSpaces =
        CharSet.Union(Spaces, CharSet.Of(0x1C, 0x1F), CharSet.Of(0x85), CharSet.Of(0xFEFF), CharSet.Of(0x180E)).Complement();

    public static CharSet AllButLineEnds { get; } =
        CharSet.Union(CharSet.Of('\n'), CharSet.Of('\r'), CharSet.Of(0x85), CharSet.Of(0x2028, 0x2029)).Complement();

    /// <summary>The class behind <c>\d</c> and its like; null where the letter names none.</summary>
    public static CharSet? Class(int letter) => letter switch
    {
        'd' => Digits,
        'D' => NonDigits.Value,
        'w' => Words,
        'W' => NonWords.Value,
        's' => Spaces,
        'S' => NonSpaces,
        _ => null,
    };

    private static CharSet Where(Func<UnicodeCategory, bool> wanted)
    {
        var ranges = new List<CharRange>();
        foreach (var range in CharSet.All.Ranges)
        {
            for (var value = range.Lo; value <= range.Hi; value++)
            {
                if (!wanted(CharUnicodeInfo.GetUnicodeCategory(value))) continue;
                if (ranges.Count > 0 && ranges[^1].Hi == value - 1) ranges[^1] = new CharRange(ranges[^1].Lo, value);
                else ranges.Add(new CharRange(value, value));
            }
        }

        return CharSet.Of(ranges);
    }
}
