using InferenceServer.Models.Constraints.Automata;

namespace InferenceServer.Models.Constraints.Tokens;

/// <summary>
/// What one state of a terminal says of the vocabulary whatever comes behind the terminal: which tokens stay inside it or end
/// with it, and at which nodes of the trie it is complete while tokens go on.
/// </summary>
internal sealed class LocalMask
{
    // With more tokens than this a set of bits is shorter than a list.
    private const int Sparse = 2048;

    private readonly ulong[]? _bits;
    private readonly int[] _tokens;

    private LocalMask(ulong[]? bits, int[] tokens, int[] exits) => (_bits, _tokens, Exits) = (bits, tokens, exits);

    /// <summary>Nodes behind which another symbol may begin.</summary>
    public int[] Exits { get; }

    /// <param name="visit">Told of every node that is visited.</param>
    public static LocalMask Of(Terminal terminal, int state, TokenTrie trie, Action<int> visit)
    {
        var states = new int[trie.Depth + 1];
        states[0] = state;
        var (tokens, exits) = (new List<int>(), new List<int>());
        var visited = 0;
        for (var node = 0; node < trie.Values.Length;)
        {
            visited++;
            var depth = trie.Depths[node];
            var next = terminal.Next(states[depth], trie.Values[node]);
            if (next == Terminal.Dead)
            {
                node = trie.Ends[node];
                continue;
            }

            states[depth + 1] = next;
            for (var token = trie.Firsts[node]; token < trie.Firsts[node + 1]; token++) tokens.Add(trie.Tokens[token]);
            if (terminal.Accepts(next) && trie.Ends[node] > node + 1) exits.Add(node);
            node++;
        }

        visit(visited);
        if (tokens.Count <= Sparse) return new LocalMask(null, [.. tokens], [.. exits]);
        var bits = new ulong[(trie.VocabularySize + 63) >> 6];
        foreach (var token in tokens) bits[token >> 6] |= 1UL << (token & 63);
        return new LocalMask(bits, [], [.. exits]);
    }

    public void AddTo(ulong[] bits)
    {
        foreach (var token in _tokens) bits[token >> 6] |= 1UL << (token & 63);
        if (_bits is null) return;
        for (var i = 0; i < bits.Length; i++) bits[i] |= _bits[i];
    }
}
