namespace InferenceServer.Models.Constraints.Automata;

/// <summary>Collects the states and edges of a <see cref="ByteDfa"/>.</summary>
internal sealed class ByteDfaBuilder(CompileBudget budget)
{
    private readonly List<List<(byte Lo, byte Hi, int Next)>> _edges = [];
    private readonly List<bool> _accepting = [];

    public int Add(bool accepts = false)
    {
        budget.State();
        _edges.Add([]);
        _accepting.Add(accepts);
        return _edges.Count - 1;
    }

    /// <summary>Bytes of a state's edges must not overlap.</summary>
    public void Edge(int from, int lo, int hi, int next)
    {
        budget.Edge();
        _edges[from].Add(((byte)lo, (byte)hi, next));
    }

    public ByteDfa Build() => new([.. _edges.Select(Sorted)], [.. _accepting]);

    /// <summary>These words and no others.</summary>
    public static ByteDfa Words(IEnumerable<byte[]> words, CompileBudget budget)
    {
        var children = new List<SortedDictionary<byte, int>> { new() };
        var builder = new ByteDfaBuilder(budget);
        builder.Add();
        foreach (var word in words)
        {
            var at = 0;
            foreach (var value in word)
            {
                if (!children[at].TryGetValue(value, out var next))
                {
                    next = builder.Add();
                    children[at][value] = next;
                    children.Add([]);
                }

                at = next;
            }

            builder._accepting[at] = true;
        }

        for (var state = 0; state < children.Count; state++)
        {
            foreach (var (value, next) in children[state]) builder.Edge(state, value, value, next);
        }

        return builder.Build();
    }

    private static List<(byte Lo, byte Hi, int Next)> Sorted(List<(byte Lo, byte Hi, int Next)> edges)
    {
        edges.Sort((left, right) => left.Lo.CompareTo(right.Lo));
        var joined = new List<(byte Lo, byte Hi, int Next)>(edges.Count);
        foreach (var edge in edges)
        {
            if (joined.Count > 0 && joined[^1].Next == edge.Next && joined[^1].Hi + 1 == edge.Lo) joined[^1] = joined[^1] with { Hi = edge.Hi };
            else joined.Add(edge);
        }

        return joined;
    }
}
