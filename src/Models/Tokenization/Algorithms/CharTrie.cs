namespace InferenceServer.Models.Tokenization.Algorithms;

/// <summary>A trie over UTF-16 units with a non-negative value per key.</summary>
internal sealed class CharTrie
{
    public const int Root = 0;
    private readonly Dictionary<long, int> _edges = [];
    private readonly List<int> _values = [-1];

    /// <summary>Adds a key; the first value of a repeated key stays.</summary>
    public void Add(ReadOnlySpan<char> key, int value)
    {
        var node = Root;
        foreach (var unit in key)
        {
            if (!_edges.TryGetValue(Edge(node, unit), out var child))
            {
                child = _values.Count;
                _values.Add(-1);
                _edges.Add(Edge(node, unit), child);
            }

            node = child;
        }

        if (_values[node] < 0)
            _values[node] = value;
    }

    /// <summary>Follows one unit; false if no key continues with it.</summary>
    public bool TryStep(ref int node, char unit)
    {
        if (!_edges.TryGetValue(Edge(node, unit), out var child))
            return false;
        node = child;
        return true;
    }

    /// <summary>The value of the key that ends at this node, or -1.</summary>
    public int ValueAt(int node) => _values[node];

    private static long Edge(int node, char unit) => ((long)node << 16) | unit;
}
