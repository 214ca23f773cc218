using InferenceServer.Models.Constraints.Grammars;

namespace InferenceServer.Models.Constraints.Tokens;

/// <summary>A model's tokens as a constraint sees them: bytes, and which of them end the answer. Made once for a model.</summary>
public sealed class Vocabulary
{
    // A mask has a bit for every token, 19 KB for 150,000 of them: what is remembered is bounded for all constraints together.
    private const int MaxLocals = 2048;
    private const int MaxMasks = 1024;

    private readonly List<Configuration> _masked = [];
    private readonly Lock _lock = new();

    /// <param name="tokens">Per id, the bytes it stands for in the middle of a text; null for tokens without text.</param>
    /// <param name="endTokens">Ids that end an answer.</param>
    public Vocabulary(IReadOnlyList<byte[]?> tokens, IEnumerable<int> endTokens)
    {
        EndTokens = [.. endTokens.Where(id => id >= 0 && id < tokens.Count).Distinct()];
        var ends = EndTokens.ToHashSet();
        Trie = new TokenTrie([.. tokens.Select((bytes, id) => ends.Contains(id) ? null : bytes)]);
        Locals = new LocalMaskCache(Trie, MaxLocals);
        Missing = Enumerable.Range(0x20, 0x5F).Select(value => (char)value).Where(value => !HasByte((byte)value)).ToArray();
    }

    /// <summary>Printable ASCII characters that no token stands for by itself: with any missing, a text may come to a dead end.</summary>
    internal char[] Missing { get; }

    internal TokenTrie Trie { get; }

    internal int[] EndTokens { get; }

    internal LocalMaskCache Locals { get; }

    /// <summary>A configuration has a mask now; too many of all constraints are given up together.</summary>
    internal void Remember(Configuration configuration)
    {
        lock (_lock)
        {
            if (_masked.Count >= MaxMasks)
            {
                foreach (var old in _masked) old.Mask = null;
                _masked.Clear();
            }

            _masked.Add(configuration);
        }
    }

    private bool HasByte(byte value)
    {
        for (var node = 0; node < Trie.Ends.Length; node = Trie.Ends[node])
        {
            if (Trie.Values[node] == value) return Trie.Firsts[node + 1] > Trie.Firsts[node];
        }

        return false;
    }
}
