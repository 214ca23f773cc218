namespace InferenceServer.Models.Tokenization.Patterns;

/// <summary>An immutable set of Unicode code points as sorted, disjoint, half-open ranges.</summary>
internal sealed class CodePointSet
{
    public const int Limit = 0x110000;

    private readonly int[] _bounds; // start0, end0, start1, end1, … strictly increasing

    private CodePointSet(int[] bounds) => _bounds = bounds;

    public static CodePointSet Empty { get; } = new([]);

    public static CodePointSet All { get; } = new([0, Limit]);

    public bool IsEmpty => _bounds.Length == 0;

    /// <summary>Exactly one code point.</summary>
    public bool IsSingle => _bounds.Length == 2 && _bounds[1] - _bounds[0] == 1;

    public ReadOnlySpan<int> Bounds => _bounds;

    public static CodePointSet Range(int first, int last) => new([first, last + 1]);

    public static CodePointSet Single(int codePoint) => Range(codePoint, codePoint);

    public static CodePointSet Union(IEnumerable<CodePointSet> sets)
    {
        var ranges = new List<(int Start, int End)>();
        foreach (var set in sets)
        {
            for (var i = 0; i < set._bounds.Length; i += 2)
                ranges.Add((set._bounds[i], set._bounds[i + 1]));
        }

        ranges.Sort();
        var bounds = new List<int>();
        foreach (var (start, end) in ranges)
        {
            if (bounds.Count > 0 && start <= bounds[^1])
                bounds[^1] = Math.Max(bounds[^1], end);
            else
                bounds.AddRange([start, end]);
        }

        return new([.. bounds]);
    }

    public CodePointSet Complement()
    {
        var bounds = new List<int>(_bounds.Length + 2);
        if (IsEmpty || _bounds[0] != 0)
            bounds.Add(0);
        bounds.AddRange(IsEmpty || _bounds[0] != 0 ? _bounds : _bounds[1..]);
        if (bounds[^1] == Limit)
            bounds.RemoveAt(bounds.Count - 1);
        else
            bounds.Add(Limit);
        return new([.. bounds]);
    }

    public CodePointSet Intersect(CodePointSet other) => Union([Complement(), other.Complement()]).Complement();

    public bool Contains(int codePoint)
    {
        var index = Array.BinarySearch(_bounds, codePoint);
        // Found at an even place: a start, inside. Not found: inside when an odd number of bounds precede it.
        return index >= 0 ? (index & 1) == 0 : (~index & 1) == 1;
    }
}
