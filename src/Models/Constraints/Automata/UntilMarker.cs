namespace InferenceServer.Models.Constraints.Automata;

/// <summary>
/// Any bytes up to the first marker, marker included (Aho and Corasick, 1975). Where a marker is complete while a longer one
/// that began no later may still be, both are left open. Or the opposite: any bytes in which no marker is.
/// </summary>
internal sealed class UntilMarker : Terminal
{
    private readonly List<int[]> _children = [NewRow()];
    private readonly List<bool> _complete = [false];
    private readonly int[][] _next;
    private readonly bool _without;

    /// <param name="markers">At least one, none empty.</param>
    /// <param name="without">Whether no marker may come.</param>
    public UntilMarker(IReadOnlyList<byte[]> markers, bool without = false)
    {
        _without = without;
        foreach (var marker in markers) Add(marker);
        _next = new int[_children.Count][];
        var fails = new int[_children.Count];
        var open = new Queue<int>([0]);
        while (open.TryDequeue(out var node))
        {
            var fail = fails[node];
            if (node != 0) _complete[node] |= _complete[fail];
            _next[node] = NewRow();
            for (var value = 0; value < 256; value++)
            {
                var child = _children[node][value];
                // Behind a complete marker only a longer one goes on.
                var other = node == 0 ? 0 : _next[fail][value];
                _next[node][value] = child != Dead ? child : _complete[node] ? Dead : other == Dead ? 0 : other;
                if (child == Dead) continue;
                fails[child] = node == 0 ? 0 : Failure(fail, value, fails);
                open.Enqueue(child);
            }
        }
    }

    public override int Next(int state, byte value) => _next[state][value] is var next && _without && next != Dead && _complete[next] ? Dead : next;

    public override bool Accepts(int state) => _without || _complete[state];

    public override bool Continues(int state) => _without || !_complete[state] || _children[state].AsSpan().ContainsAnyExcept(Dead);

    private static int[] NewRow()
    {
        var row = new int[256];
        Array.Fill(row, Dead);
        return row;
    }

    // The longest proper suffix of a node's text that is itself the beginning of a marker.
    private int Failure(int fail, int value, int[] fails)
    {
        while (true)
        {
            if (_children[fail][value] != Dead) return _children[fail][value];
            if (fail == 0) return 0;
            fail = fails[fail];
        }
    }

    private void Add(byte[] marker)
    {
        var node = 0;
        foreach (var value in marker)
        {
            if (_children[node][value] == Dead)
            {
                _children[node][value] = _children.Count;
                _children.Add(NewRow());
                _complete.Add(false);
            }

            node = _children[node][value];
        }

        _complete[node] = true;
    }
}
