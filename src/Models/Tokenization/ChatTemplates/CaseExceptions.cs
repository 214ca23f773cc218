using System.Text;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Lower-case letters whose upper case is more than one letter (the unconditional part of Unicode's SpecialCasing.txt).</summary>
internal static class CaseExceptions
{
    private static readonly Dictionary<char, string> UpperCase = new()
    {
        ['ß'] = "SS",
        ['ŉ'] = "ʼN",
        ['ǰ'] = "J\u030C",
        ['ΐ'] = "Ι\u0308\u0301",
        ['ΰ'] = "Υ\u0308\u0301",
        ['և'] = "ԵՒ",
        ['ẖ'] = "H\u0331",
        ['ẗ'] = "T\u0308",
        ['ẘ'] = "W\u030A",
        ['ẙ'] = "Y\u030A",
        ['ẚ'] = "Aʾ",
        ['ﬀ'] = "FF",
        ['ﬁ'] = "FI",
        ['ﬂ'] = "FL",
        ['ﬃ'] = "FFI",
        ['ﬄ'] = "FFL",
        ['ﬅ'] = "ST",
        ['ﬆ'] = "ST",
    };

    public static string Expand(string upper)
    {
        foreach (var c in upper)
        {
            if (UpperCase.ContainsKey(c))
            {
                return ExpandAll(upper);
            }
        }

        return upper;
    }

    private static string ExpandAll(string upper)
    {
        var result = new StringBuilder(upper.Length + 8);
        foreach (var c in upper)
        {
            if (UpperCase.TryGetValue(c, out var expanded))
            {
                result.Append(expanded);
            }
            else
            {
                result.Append(c);
            }
        }

        return result.ToString();
    }
}
