using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Engine;

/// <summary>
/// Who owns which page of the KV arena: free, private to one table, or part of a cached block that tables share. Kept
/// hidden states are charged against the same memory. One caller: the engine loop.
/// </summary>
/// <remarks>
/// A table's leading blocks are shared, the rest are its own. Shared blocks are full and never written: whatever would
/// write into one first lets go of it and runs those tokens again.
/// </remarks>
internal sealed class KvLedger
{
    private readonly Stack<int> _free;
    private readonly Dictionary<KvTable, List<PrefixBlock>> _tables = [];
    private readonly PrefixCache _cache = new();
    private int _nextTable;
    private int _charged;

    public KvLedger(KvGeometry geometry, int pageCount)
    {
        Geometry = geometry;
        PageCount = pageCount;
        _free = new Stack<int>(Enumerable.Range(0, pageCount).Reverse());
    }

    public KvGeometry Geometry { get; }

    public int PageCount { get; }

    /// <summary>Pages that hold something: private, shared, or only cached.</summary>
    public int UsedPages => PageCount - _free.Count;

    /// <summary>Pages of blocks that no table holds: kept for the next prompt that begins alike, given up when needed.</summary>
    public int CachedPages => _cache.IdleBlocks * Geometry.LayerGroups;

    /// <summary>Pages' worth of kept hidden states.</summary>
    public int ChargedPages => _charged;

    /// <summary>Pages that can be had: free or cached, less what kept hidden states take. Negative while those outgrow it.</summary>
    public int AvailablePages => _free.Count + CachedPages - _charged;

    /// <summary>Pages that <paramref name="tables"/> tables of this many positions take in all layers.</summary>
    public long PagesFor(int tables, int positions) => (long)tables * Geometry.LayerGroups * Geometry.PagesFor(positions);

    public KvTable CreateTable()
    {
        var table = new KvTable(_nextTable++, Geometry);
        _tables.Add(table, []);
        return table;
    }

    /// <summary>Gives an empty table the cached blocks its tokens begin with; returns the positions it now holds.</summary>
    /// <param name="most">Leading positions it may have at most.</param>
    public int Attach(KvTable table, string salt, IReadOnlyList<int> tokens, int most = int.MaxValue)
    {
        var shared = _tables[table];
        var parent = 0L;
        // The newest token is always run: its row is what the next token is read from.
        for (var end = Geometry.PageTokens; end < tokens.Count && end <= most; end += Geometry.PageTokens)
        {
            if (_cache.Find(Key(parent, salt, tokens, end)) is not { } block) break;
            _cache.Acquire(block);
            shared.Add(block);
            for (var group = 0; group < Geometry.LayerGroups; group++) table.MutablePages(group).Add(block.Pages[group]);
            parent = block.Id;
        }

        var length = shared.Count * Geometry.PageTokens;
        table.Commit(new LayerRange(0, Geometry.LayerGroups * Geometry.LayersPerPage), length);
        return length;
    }

    /// <summary>Positions that <see cref="Attach"/> would give a table of these tokens.</summary>
    public int Cached(string salt, IReadOnlyList<int> tokens)
    {
        var parent = 0L;
        var end = Geometry.PageTokens;
        for (; end < tokens.Count && _cache.Find(Key(parent, salt, tokens, end)) is { } block; end += Geometry.PageTokens) parent = block.Id;
        return end - Geometry.PageTokens;
    }

    /// <summary>Makes the blocks that are full in every layer group shareable. A block that is cached already replaces the table's own.</summary>
    public void Share(KvTable table, string salt, IReadOnlyList<int> tokens)
    {
        var shared = _tables[table];
        var length = Math.Min(table.Length(new LayerRange(0, Geometry.LayerGroups * Geometry.LayersPerPage)), tokens.Count);
        while ((shared.Count + 1) * Geometry.PageTokens <= length)
        {
            var index = shared.Count;
            var key = Key(index == 0 ? 0 : shared[index - 1].Id, salt, tokens, (index + 1) * Geometry.PageTokens);
            var pages = Enumerable.Range(0, Geometry.LayerGroups).Select(group => table.Pages(group)[index]).ToArray();
            if (_cache.Find(key) is { } block)
            {
                _cache.Acquire(block);
                for (var group = 0; group < pages.Length; group++)
                {
                    _free.Push(pages[group]);
                    table.MutablePages(group)[index] = block.Pages[group];
                }
            }
            else
            {
                block = _cache.Add(key, pages);
            }

            shared.Add(block);
        }
    }

    /// <summary>Gives the range pages for <paramref name="positions"/> positions; false, and no change, when too few are to be had.</summary>
    public bool TryReserve(KvTable table, LayerRange range, int positions)
    {
        if (range.Count == 0) return true;
        var pages = Geometry.PagesFor(positions);
        var first = Geometry.GroupOf(range.Lo);
        var last = Geometry.GroupOf(range.Hi - 1);
        var missing = 0;
        for (var group = first; group <= last; group++) missing += Math.Max(0, pages - table.Pages(group).Count);
        if (missing == 0) return true;
        if (missing > AvailablePages) return false;
        for (var group = first; group <= last; group++)
        {
            var owned = table.MutablePages(group);
            while (owned.Count < pages) owned.Add(TakePage());
        }

        return true;
    }

    /// <summary>Moves the charge for kept hidden states from <paramref name="before"/> to <paramref name="after"/> pages; false when memory lacks.</summary>
    public bool TryCharge(int before, int after)
    {
        if (after > before && after - before > AvailablePages) return false;
        _charged += after - before;
        return true;
    }

    /// <summary>Forgets positions from <paramref name="length"/> on, down to a block's beginning where that block is shared, and frees the pages behind them.</summary>
    public void Truncate(KvTable table, int length)
    {
        var shared = _tables[table];
        var keep = length / Geometry.PageTokens;
        if (keep < shared.Count) length = keep * Geometry.PageTokens;
        table.Truncate(length);
        var pages = Geometry.PagesFor(length);
        var sharedBefore = shared.Count;
        // The end of the chain goes first: the beginning, which more prompts have in common, is evicted last.
        while (shared.Count > keep)
        {
            _cache.Release(shared[^1]);
            shared.RemoveAt(shared.Count - 1);
        }

        for (var group = 0; group < Geometry.LayerGroups; group++)
        {
            var owned = table.MutablePages(group);
            for (var i = owned.Count - 1; i >= Math.Max(pages, sharedBefore); i--) _free.Push(owned[i]);
            if (owned.Count > pages) owned.RemoveRange(pages, owned.Count - pages);
        }
    }

    public void Free(KvTable table)
    {
        Truncate(table, 0);
        _tables.Remove(table);
    }

    /// <summary>Every page is free, private to one table or part of one block; the message says what is wrong, null if nothing.</summary>
    public string? CheckIntegrity()
    {
        var seen = new bool[PageCount];
        var count = 0;
        var own = _tables.SelectMany(table => Enumerable.Range(0, Geometry.LayerGroups).SelectMany(group => table.Key.Pages(group).Skip(table.Value.Count)));
        foreach (var page in _free.Concat(own).Concat(_cache.Blocks.SelectMany(block => block.Pages)))
        {
            if (page < 0 || page >= PageCount) return $"Page {page} is outside the arena of {PageCount}.";
            if (seen[page]) return $"Page {page} is owned twice.";
            seen[page] = true;
            count++;
        }

        if (count != PageCount) return $"{PageCount - count} of {PageCount} pages are owned by nobody.";
        var references = _tables.Values.Sum(shared => shared.Count);
        var counted = _cache.Blocks.Sum(block => block.References);
        return references == counted ? null : $"Tables hold {references} shared blocks, the cache counts {counted}.";
    }

    private int TakePage()
    {
        if (_free.Count == 0)
        {
            foreach (var page in _cache.Evict()!) _free.Push(page);
        }

        return _free.Pop();
    }

    private PrefixBlockKey Key(long parent, string salt, IReadOnlyList<int> tokens, int end)
    {
        var block = new int[Geometry.PageTokens];
        for (var i = 0; i < block.Length; i++) block[i] = tokens[end - block.Length + i];
        return new PrefixBlockKey(parent, parent == 0 ? salt : "", block);
    }
}
