namespace InferenceServer.Models.Engine;

/// <summary>
/// One full block of tokens whose KV is complete in every layer group, shared by the tables that hold it. Never written.
/// </summary>
internal sealed class PrefixBlock(PrefixBlockKey key, long id, int[] pages)
{
    public PrefixBlockKey Key { get; } = key;

    /// <summary>Names the whole chain from the first token to the end of this block.</summary>
    public long Id { get; } = id;

    /// <summary>[layer groups]</summary>
    public int[] Pages { get; } = pages;

    /// <summary>Tables that hold the block; at 0 it is only cached and may be evicted.</summary>
    public int References { get; set; }

    public LinkedListNode<PrefixBlock>? Idle { get; set; }
}

/// <summary>
/// A block by its chain: the block before it (0 for the first), the salt of the first (tenant, adapter, method) and its own
/// tokens, which are compared and not only hashed: a collision can never hand out another prompt's KV.
/// </summary>
internal readonly struct PrefixBlockKey(long parent, string salt, int[] tokens) : IEquatable<PrefixBlockKey>
{
    private readonly long _parent = parent;
    private readonly string _salt = salt;
    private readonly int[] _tokens = tokens;

    public bool Equals(PrefixBlockKey other) =>
        _parent == other._parent && _salt == other._salt && _tokens.AsSpan().SequenceEqual(other._tokens);

    public override bool Equals(object? obj) => obj is PrefixBlockKey other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(_parent);
        hash.Add(_salt, StringComparer.Ordinal);
        foreach (var token in _tokens) hash.Add(token);
        return hash.ToHashCode();
    }
}

/// <summary>Finds blocks by what they hold, and remembers in which order unused ones may be evicted (least recently used first).</summary>
internal sealed class PrefixCache
{
    private readonly Dictionary<PrefixBlockKey, PrefixBlock> _blocks = [];
    private readonly LinkedList<PrefixBlock> _idle = [];
    private long _nextId = 1;

    /// <summary>Blocks no table holds.</summary>
    public int IdleBlocks => _idle.Count;

    public IEnumerable<PrefixBlock> Blocks => _blocks.Values;

    public PrefixBlock? Find(PrefixBlockKey key) => _blocks.GetValueOrDefault(key);

    public PrefixBlock Add(PrefixBlockKey key, int[] pages)
    {
        var block = new PrefixBlock(key, _nextId++, pages) { References = 1 };
        _blocks.Add(key, block);
        return block;
    }

    public void Acquire(PrefixBlock block)
    {
        block.References++;
        if (block.Idle is null) return;
        _idle.Remove(block.Idle);
        block.Idle = null;
    }

    public void Release(PrefixBlock block)
    {
        if (--block.References == 0) block.Idle = _idle.AddLast(block);
    }

    /// <summary>Forgets the least recently used idle block; its pages are the caller's.</summary>
    public int[]? Evict()
    {
        if (_idle.First is not { } node) return null;
        _idle.RemoveFirst();
        _blocks.Remove(node.Value.Key);
        return node.Value.Pages;
    }
}
