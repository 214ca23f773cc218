using InferenceServer.Models.Constraints.Automata;

namespace InferenceServer.Models.Constraints.Tokens;

/// <summary>Remembers local masks, up to a bound. Safe for concurrent use.</summary>
internal sealed class LocalMaskCache(TokenTrie trie, int capacity)
{
    private readonly Dictionary<(object Family, long Key), LocalMask> _masks = [];
    private readonly Lock _lock = new();

    public LocalMask Of(Terminal terminal, int state, Action<int> visit)
    {
        var key = (terminal.Family, terminal.Key(state, trie.Depth));
        lock (_lock)
        {
            if (_masks.TryGetValue(key, out var known)) return known;
        }

        var mask = LocalMask.Of(terminal, state, trie, visit);
        lock (_lock)
        {
            if (_masks.Count >= capacity) _masks.Clear();
            return _masks[key] = mask;
        }
    }
}
