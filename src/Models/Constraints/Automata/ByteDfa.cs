namespace InferenceServer.Models.Constraints.Automata;

/// <summary>A deterministic automaton over bytes, its edges as ranges.</summary>
internal sealed class ByteDfa : Terminal
{
    private readonly int[] _first; // [states + 1] of a state's edges
    private readonly byte[] _lo;
    private readonly byte[] _hi;
    private readonly int[] _next;
    private readonly bool[] _accepting;

    /// <param name="edges">Per state, sorted by byte and not overlapping.</param>
    public ByteDfa(IReadOnlyList<IReadOnlyList<(byte Lo, byte Hi, int Next)>> edges, bool[] accepting)
    {
        _accepting = accepting;
        _first = new int[edges.Count + 1];
        for (var state = 0; state < edges.Count; state++) _first[state + 1] = _first[state] + edges[state].Count;
        (_lo, _hi, _next) = (new byte[_first[^1]], new byte[_first[^1]], new int[_first[^1]]);
        var at = 0;
        foreach (var (lo, hi, next) in edges.SelectMany(list => list)) (_lo[at], _hi[at], _next[at++]) = (lo, hi, next);
    }

    public override int Next(int state, byte value)
    {
        var (lo, hi) = (_first[state], _first[state + 1] - 1);
        while (lo <= hi)
        {
            var middle = (lo + hi) >>> 1;
            if (value < _lo[middle]) hi = middle - 1;
            else if (value > _hi[middle]) lo = middle + 1;
            else return _next[middle];
        }

        return Dead;
    }

    public override bool Accepts(int state) => _accepting[state];

    public override bool Continues(int state) => _first[state + 1] > _first[state];
}
