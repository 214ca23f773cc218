using System.Text;

namespace InferenceServer.Models.Tokenization.Patterns;

/// <summary>Simple case folding, for <c>(?i)</c>.</summary>
internal static class CaseFolding
{
    // Folds of CaseFolding.txt that upper- and lowercasing single characters does not give.
    private static readonly Dictionary<int, int> Extra = new()
    {
        [0x17F] = 's',
        [0x212A] = 'k',
        [0x212B] = 0xE5,
        [0x2126] = 0x3C9,
        [0x1E9E] = 0xDF,
    };

    private static readonly Lazy<Dictionary<int, List<int>>> Variants = new(CollectVariants);

    /// <summary>The set together with every code point that differs from a member in case only.</summary>
    public static CodePointSet Close(CodePointSet set)
    {
        var added = new List<CodePointSet> { set };
        foreach (var group in Variants.Value.Values)
        {
            if (group.Exists(set.Contains))
                added.AddRange(group.ConvertAll(CodePointSet.Single));
        }

        return CodePointSet.Union(added);
    }

    private static Dictionary<int, List<int>> CollectVariants()
    {
        var groups = new Dictionary<int, List<int>>();
        for (var codePoint = 0; codePoint < 0x1F000; codePoint++)
        {
            if (!Rune.TryCreate(codePoint, out var rune))
                continue;
            var folded = Extra.TryGetValue(codePoint, out var fold) ? fold : Rune.ToLowerInvariant(Rune.ToUpperInvariant(rune)).Value;
            if (!groups.TryGetValue(folded, out var group))
                groups.Add(folded, group = []);
            group.Add(codePoint);
        }

        foreach (var (key, group) in groups.ToArray())
        {
            if (group.Count < 2)
                groups.Remove(key);
        }

        return groups;
    }
}
