using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Engine;

/// <summary>
/// Who owns which page of the KV arena. Pages are promised when a sequence is admitted and handed out as its layer
/// ranges grow, so a sequence that runs never finds the arena empty. One caller: the engine loop.
/// </summary>
internal sealed class KvLedger
{
    private readonly Stack<int> _free;
    private readonly HashSet<KvTable> _tables = [];
    private int _nextTable;

    public KvLedger(KvGeometry geometry, int pageCount)
    {
        Geometry = geometry;
        PageCount = pageCount;
        _free = new Stack<int>(Enumerable.Range(0, pageCount).Reverse());
    }

    public KvGeometry Geometry { get; }

    public int PageCount { get; }

    public int UsedPages => PageCount - _free.Count;

    public int FreePages => _free.Count;

    /// <summary>Pages that <paramref name="tables"/> tables of this many positions take in all layers.</summary>
    public long PagesFor(int tables, int positions) => (long)tables * Geometry.LayerGroups * Geometry.PagesFor(positions);

    public KvTable CreateTable()
    {
        var table = new KvTable(_nextTable++, Geometry);
        _tables.Add(table);
        return table;
    }

    /// <summary>Gives the range pages for <paramref name="positions"/> positions; false, and no change, when too few are free.</summary>
    public bool TryReserve(KvTable table, LayerRange range, int positions)
    {
        if (range.Count == 0) return true;
        var pages = Geometry.PagesFor(positions);
        var first = Geometry.GroupOf(range.Lo);
        var last = Geometry.GroupOf(range.Hi - 1);
        var missing = 0;
        for (var group = first; group <= last; group++) missing += Math.Max(0, pages - table.Pages(group).Count);
        if (missing > _free.Count) return false;
        for (var group = first; group <= last; group++)
        {
            var owned = table.MutablePages(group);
            while (owned.Count < pages) owned.Add(_free.Pop());
        }

        return true;
    }

    /// <summary>Forgets positions from <paramref name="length"/> on and frees the pages behind them.</summary>
    public void Truncate(KvTable table, int length)
    {
        table.Truncate(length);
        var pages = Geometry.PagesFor(length);
        for (var group = 0; group < Geometry.LayerGroups; group++)
        {
            var owned = table.MutablePages(group);
            for (var i = owned.Count - 1; i >= pages; i--) _free.Push(owned[i]);
            if (owned.Count > pages) owned.RemoveRange(pages, owned.Count - pages);
        }
    }

    public void Free(KvTable table)
    {
        Truncate(table, 0);
        _tables.Remove(table);
    }

    /// <summary>Every page is free or owned by one table, none by two; the message says what is wrong, null if nothing.</summary>
    public string? CheckIntegrity()
    {
        var seen = new bool[PageCount];
        var count = 0;
        foreach (var page in _free.Concat(_tables.SelectMany(table => Enumerable.Range(0, Geometry.LayerGroups).SelectMany(table.Pages))))
        {
            if (page < 0 || page >= PageCount) return $"Page {page} is outside the arena of {PageCount}.";
            if (seen[page]) return $"Page {page} is owned twice.";
            seen[page] = true;
            count++;
        }

        return count == PageCount ? null : $"{PageCount - count} of {PageCount} pages are owned by nobody.";
    }
}
