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
    private static readonly Lazy<Dictionary<string, CodePointSet>> Scripts = new(ReadScripts);
    private static readonly Lazy<CodePointSet> LazyWord = new(() => CodePointSet.Where(CodePoints.IsWord));

    public static CodePointSet Space { get; } = CodePointSet.Where(CodePoints.IsWhiteSpace);

    public static CodePointSet Word => LazyWord.Value;

    public static CodePointSet Digit => Categories.Value[(int)UnicodeCategory.DecimalDigitNumber];

    public static CodePointSet HexDigit { get; } =
        CodePointSet.Union([CodePointSet.Range('0', '9'), CodePointSet.Range('A', 'F'), CodePointSet.Range('a', 'f')]);

    /// <summary>The set a name inside <c>\p{…}</c> or <c>[:…:]</c> stands for, or null if the name is not known.</summary>
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
        "alpha" or "alphabetic" => CodePointSet.Where(CodePoints.IsAlphabetic),
        "alnum" => CodePointSet.Union([CodePointSet.Where(CodePoints.IsAlphabetic), Group("m", "nd")]),
        "digit" => Digit,
        "xdigit" => HexDigit,
        "space" or "whitespace" => Space,
        "blank" => CodePointSet.Union([Group("zs"), CodePointSet.Single('\t')]),
        "cntrl" => Group("cc"),
        "upper" or "uppercase" => Group("lu"),
        "lower" or "lowercase" => Group("ll"),
        "punct" => CodePointSet.Union([Group("p"), .. "$+<=>^`|~".Select(c => CodePointSet.Single(c))]),
        "graph" => CodePointSet.Union([Space, Group("cc", "cs", "cn")]).Complement(),
        "print" => CodePointSet.Union([Group("cc", "cs", "cn")]).Complement(),
        "word" => Word,
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

    private static Dictionary<string, CodePointSet> ReadScripts() => UnicodeTables.ScriptRanges
        .GroupBy(range => range.Script)
        .ToDictionary(
            group => UnicodeTables.ScriptNames[group.Key].Replace("_", "", StringComparison.Ordinal).ToLowerInvariant(),
            group => CodePointSet.Union(group.Select(range => CodePointSet.Range(range.Start, range.End - 1))));
}
