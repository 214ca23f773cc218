using InferenceServer.Models.Constraints.Grammars;

namespace InferenceServer.Models.Constraints.Tokens;

/// <summary>
/// The tokens that may follow a text: for every place it may be at, those that stay inside the terminal (known from an
/// earlier walk over the vocabulary), and, behind each node where the terminal ends, what the rest of the grammar takes.
/// </summary>
internal sealed class MaskBuilder(Vocabulary vocabulary, Automaton automaton, int maxWork)
{
    private readonly TokenTrie _trie = vocabulary.Trie;
    private readonly Configuration?[] _path = new Configuration?[vocabulary.Trie.Depth + 1];
    private int _work;

    /// <exception cref="ConstraintException">The grammar is so ambiguous that the mask would take too long.</exception>
    public TokenMask Of(Configuration configuration)
    {
        if (configuration.Mask is { } known) return known;
        _work = 0;
        var bits = new ulong[(_trie.VocabularySize + 63) >> 6];
        foreach (var place in configuration.Places)
        {
            var local = vocabulary.Locals.Of(place.Terminal, place.State, Charge);
            local.AddTo(bits);
            if (local.Exits.Length == 0) continue;
            var behind = automaton.Enter(place.Rest);
            foreach (var exit in local.Exits) Walk(exit, behind, bits);
        }

        if (configuration.IsComplete)
        {
            foreach (var token in vocabulary.EndTokens) bits[token >> 6] |= 1UL << (token & 63);
        }

        var mask = new TokenMask(bits);
        configuration.Mask = mask;
        vocabulary.Remember(configuration);
        return mask;
    }

    // The branch behind a node, whose bytes complete a terminal.
    private void Walk(int exit, Configuration behind, ulong[] bits)
    {
        if (behind.Places.Length == 0) return;
        var (start, end) = (_trie.Depths[exit] + 1, _trie.Ends[exit]);
        _path[start] = behind;
        var visited = 0;
        for (var node = exit + 1; node < end;)
        {
            visited++;
            var depth = _trie.Depths[node];
            if (_path[depth]!.Next(_trie.Values[node], automaton) is not { } next)
            {
                node = _trie.Ends[node];
                continue;
            }

            _path[depth + 1] = next;
            for (var token = _trie.Firsts[node]; token < _trie.Firsts[node + 1]; token++)
            {
                var id = _trie.Tokens[token];
                bits[id >> 6] |= 1UL << (id & 63);
            }

            node++;
        }

        Charge(visited);
    }

    private void Charge(int visited)
    {
        _work += visited;
        if (_work > maxWork) throw ConstraintException.TooComplex("The constraint leaves so many ways open that it takes too long to follow.");
    }
}
