using System.Collections.Frozen;
using InferenceServer.Models.Constraints.Automata;

namespace InferenceServer.Models.Constraints.Tokens;

/// <summary>A model's tokens as a constraint sees them: bytes, and which of them end the answer. Made once for a model.</summary>
public sealed class Vocabulary
{
    private const int MaxLocals = 1024;

    private static readonly FrozenSet<Terminal> Common = new[]
    {
        Literals.Number, Literals.Integer, Literals.SpaceOnly, Literals.ObjectOpen, Literals.ObjectClose, Literals.ArrayOpen, Literals.ArrayClose,
        Literals.Comma, Literals.Colon, Literals.Null, Literals.True, Literals.False,
    }.ToFrozenSet();

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

    /// <summary>Of terminals that many grammars use.</summary>
    internal LocalMaskCache Locals { get; }

    internal static bool IsCommon(Terminal terminal) => Common.Contains(terminal);

    private bool HasByte(byte value)
    {
        for (var node = 0; node < Trie.Ends.Length; node = Trie.Ends[node])
        {
            if (Trie.Values[node] == value) return Trie.Firsts[node + 1] > Trie.Firsts[node];
        }

        return false;
    }
}
