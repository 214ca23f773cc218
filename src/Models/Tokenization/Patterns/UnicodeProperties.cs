using System.Globalization;
using InferenceServer.Models.Tokenization.Unicode;

namespace InferenceServer.Models.Tokenization.Patterns;

/// <summary>Named sets of code points: general categories, scripts and the classes of Oniguruma patterns.</summary>
internal static class UnicodeProperties
{
    private static readonly string[] CategoryCodes =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co",
        "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];

    private static readonly string[] CategoryNames =
    [
        "uppercaseletter", "lowercaseletter", "titlecaseletter", "modifierletter", "otherletter", "nonspacingmark", "spacingmark",
        "enclosingmark", "decimalnumber", "letternumber", "othernumber", "spaceseparator", "lineseparator", "paragraphseparator",
        "control", "format", "surrogate", "privateuse", "connectorpunctuation", "dashpunctuation", "openpunctuation",
        "closepunctuation", "initialpunctuation", "finalpunctuation", "otherpunctuation", "mathsymbol", "currencysymbol",
        "modifiersymbol", "othersymbol", "unassigned",
    ];

    private static readonly Dictionary<string, string> GroupNames = new()
    {
        ["letter"] = "l",
        ["mark"] = "m",
        ["combiningmark"] = "m",
        ["number"] = "n",
        ["separator"] = "z",
        ["other"] = "c",
        ["punctuation"] = "p",
        ["symbol"] = "s",
    };

    private static readonly Lazy<CodePointSet[]> Categories = new(SweepCategories);
    private static readonly Lazy<Dictionary<string, CodePointSet>> Scripts =
        new(() => Collect(UnicodeTables.ScriptRanges, UnicodeTables.ScriptNames));

    private static readonly Lazy<Dictionary<string, CodePointSet>> Properties =
        new(() => Collect(UnicodeTables.PropertyRanges, UnicodeTables.PropertyNames));

    private static readonly Lazy<CodePointSet> LazyAlphabetic =
        new(() => CodePointSet.Union([Properties.Value["alphabetic"], Group("l", "nl")]));

    private static readonly Lazy<CodePointSet> LazyWord = new(() => CodePointSet.Union(
        [Alphabetic, Group("m", "nd", "pc"), .. "\u00B2\u00B3\u00B9\u00BC\u00BD\u00BE".Select(c => CodePointSet.Single(c))]));

    public static CodePointSet Space { get; } =
        CodePointSet.Union(Enumerable.Range(0, 0x3001).Where(CodePoints.IsWhiteSpace).Select(CodePointSet.Single));

    /// <summary><c>\w</c>: Alphabetic, marks, decimal digits, connectors, and as an oddity the superscripts and fractions of Latin-1.</summary>
    public static CodePointSet Word => LazyWord.Value;

    /// <summary>Alphabetic; letters newer than the property data are added by category.</summary>
    public static CodePointSet Alphabetic => LazyAlphabetic.Value;

    public static CodePointSet Marks8 => Properties.Value["marks8"];

    public static CodePointSet Marks9 => Properties.Value["marks9"];

    public static CodePointSet Punctuation8 => Properties.Value["punctuation8"];

    public static CodePointSet Digit => Categories.Value[(int)UnicodeCategory.DecimalDigitNumber];

    public static CodePointSet HexDigit { get; } =
        CodePointSet.Union([CodePointSet.Range('0', '9'), CodePointSet.Range('A', 'F'), CodePointSet.Range('a', 'f')]);

    /// <summary>The set of <c>[:name:]</c>, whose <c>punct</c> and <c>word</c> are not those of <c>\p{…}</c> and <c>\w</c>.</summary>
    public static CodePointSet? FindPosix(string name) => name switch
    {
        "punct" => Group("p", "s"),
        "word" => CodePointSet.Union([Alphabetic, Group("m", "nd", "pc")]),
        _ => Find(name),
    };

    /// <summary>The set a name inside <c>\p{…}</c> stands for, or null if the name is not known.</summary>
    public static CodePointSet? Find(string name)
    {
        var key = string.Concat(name.Where(c => c is not (' ' or '_' or '-'))).ToLowerInvariant();
        var equals = key.IndexOf('=');
        if (equals >= 0 && key[..equals] is "gc" or "generalcategory" or "sc" or "script")
            key = key[(equals + 1)..];
        key = GroupNames.GetValueOrDefault(key, key);
        if (key == "lc")
            return Group("lu", "ll", "lt");
        if (key.Length is 1 or 2 && Array.Exists(CategoryCodes, c => c.StartsWith(key, StringComparison.OrdinalIgnoreCase)))
            return Group(key);
        var index = Array.IndexOf(CategoryNames, key);
        return index >= 0 ? Categories.Value[index] : Class(key) ?? Scripts.Value.GetValueOrDefault(key);
    }

    private static CodePointSet? Class(string key) => key switch
    {
        "any" => CodePointSet.All,
        "ascii" => CodePointSet.Range(0, 0x7F),
        "assigned" => Group("cn").Complement(),
        "alpha" or "alphabetic" => Alphabetic,
        "alnum" => CodePointSet.Union([Alphabetic, Group("nd")]),
        "digit" => Digit,
        "xdigit" => HexDigit,
        "space" or "whitespace" => Space,
        "blank" => CodePointSet.Union([Group("zs"), CodePointSet.Single('\t')]),
        "cntrl" => Group("cc"),
        "upper" or "uppercase" => Properties.Value["uppercase"],
        "lower" or "lowercase" => Properties.Value["lowercase"],
        "punct" => Group("p"),
        "emoji" or "extendedpictographic" => Properties.Value[key],
        "graph" => CodePointSet.Union([Space, Group("cc", "cs", "cn")]).Complement(),
        "print" => Group("cc", "cs", "cn", "zl", "zp").Complement(),
        "word" => FindPosix(key),
        _ => null,
    };

    private static CodePointSet Group(params string[] codes) => CodePointSet.Union(
        Categories.Value.Where((_, i) => Array.Exists(codes, code => CategoryCodes[i].StartsWith(code, StringComparison.OrdinalIgnoreCase))));

    private static CodePointSet[] SweepCategories()
    {
        var ranges = new List<CodePointSet>[CategoryCodes.Length];
        for (var i = 0; i < ranges.Length; i++)
            ranges[i] = [];
        var start = 0;
        for (var codePoint = 1; codePoint <= CodePointSet.Limit; codePoint++)
        {
            var category = CharUnicodeInfo.GetUnicodeCategory(start);
            if (codePoint < CodePointSet.Limit && CharUnicodeInfo.GetUnicodeCategory(codePoint) == category)
                continue;
            ranges[(int)category].Add(CodePointSet.Range(start, codePoint - 1));
            start = codePoint;
        }

        return Array.ConvertAll(ranges, CodePointSet.Union);
    }

    private static Dictionary<string, CodePointSet> Collect(IReadOnlyList<UnicodeTables.NamedRange> ranges, string[] names) => ranges
        .GroupBy(range => range.Name)
        .ToDictionary(
            group => names[group.Key].Replace("_", "", StringComparison.Ordinal).ToLowerInvariant(),
            group => CodePointSet.Union(group.Select(range => CodePointSet.Range(range.Start, range.End - 1))));
}
