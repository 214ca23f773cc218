namespace InferenceServer.Models.Constraints.Regex;

/// <summary>Code points Lo to Hi, both included.</summary>
internal readonly record struct CharRange(int Lo, int Hi);

/// <summary>A set of Unicode scalar values as sorted ranges that neither overlap nor touch.</summary>
internal sealed class CharSet
{
    public const int Max = 0x10FFFF;

    private CharSet(CharRange[] ranges) => Ranges = ranges;

    /// <summary>Every scalar value: all code points but surrogates.</summary>
    public static CharSet All { get; } = new([new CharRange(0, 0xD7FF), new CharRange(0xE000, Max)]);

    public static CharSet Empty { get; } = new([]);

    public CharRange[] Ranges { get; }

    public static CharSet Of(int value) => Of([new CharRange(value, value)]);

    public static CharSet Of(int lo, int hi) => Of([new CharRange(lo, hi)]);

    /// <summary>The scalar values among these ranges, in any order.</summary>
    public static CharSet Of(IEnumerable<CharRange> ranges)
    {
        var merged = new List<CharRange>();
        foreach (var range in ranges.OrderBy(range => range.Lo))
        {
            if (merged.Count > 0 && range.Lo <= merged[^1].Hi + 1) merged[^1] = new CharRange(merged[^1].Lo, Math.Max(merged[^1].Hi, range.Hi));
            else merged.Add(range);
        }

        return new CharSet([.. Intersect([.. merged], All.Ranges)]);
    }

    public static CharSet Union(params IEnumerable<CharSet> sets) => Of(sets.SelectMany(set => set.Ranges));

    public CharSet Complement()
    {
        var ranges = new List<CharRange>();
        var next = 0;
        foreach (var range in Ranges)
        {
            if (range.Lo > next) ranges.Add(new CharRange(next, range.Lo - 1));
            next = range.Hi + 1;
        }

        if (next <= Max) ranges.Add(new CharRange(next, Max));
        return Of(ranges);
    }

    public CharSet Except(CharSet other) => Of(Intersect(Ranges, other.Complement().Ranges));

    private static IEnumerable<CharRange> Intersect(CharRange[] left, CharRange[] right)
    {
        for (int i = 0, j = 0; i < left.Length && j < right.Length;)
        {
            var (lo, hi) = (Math.Max(left[i].Lo, right[j].Lo), Math.Min(left[i].Hi, right[j].Hi));
            if (lo <= hi) yield return new CharRange(lo, hi);
            if (left[i].Hi < right[j].Hi) i++;
            else j++;
        }
    }
}
