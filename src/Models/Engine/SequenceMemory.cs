using InferenceServer.Models.Decoding;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Engine;

/// <summary>All KV tables and kept rows of one sequence, charged to the ledger and freed together.</summary>
internal sealed class SequenceMemory(KvLedger ledger, IDecoder decoder, Func<int> nextRows) : ISequenceMemory, IDisposable
{
    private readonly List<KvTable> _tables = [];
    private readonly Dictionary<Rows, (int Low, int High)> _rows = [];
    private readonly int _longAfter = decoder.Spec.LongAfter ?? int.MaxValue;
    private int _charged;

    /// <summary>Whether its rows are placed as those of a long sequence (<see cref="KvTable.IsLong"/>).</summary>
    public bool IsLong { get; private set; }

    public KvTable CreateTable()
    {
        var table = ledger.CreateTable();
        table.IsLong = IsLong;
        _tables.Add(table);
        return table;
    }

    public Rows CreateRows()
    {
        var rows = new Rows(nextRows());
        _rows.Add(rows, default);
        return rows;
    }

    /// <summary>Whether a sequence of so many positions is long while its memory is not yet.</summary>
    public bool IsOutgrownBy(int positions) => !IsLong && positions > _longAfter;

    /// <summary>From here on the sequence is long. Its tables must be empty: what a short one cached is of no use.</summary>
    public void BecomeLong()
    {
        IsLong = true;
        foreach (var table in _tables) table.IsLong = true;
    }

    /// <summary>Memory for what a plan will write; false when it is not to be had (pages it got stay the table's).</summary>
    public bool TryReserve(SequencePlan plan)
    {
        foreach (var op in plan.Ops)
        {
            if (op is not RowGroup group) continue;
            if (!ledger.TryReserve(group.Kv, group.Range, group.Start + group.Count)) return false;
            if (group.Keep is { } keep) Extend(keep.Rows, keep.At, keep.At + keep.Count);
        }

        return TryCharge();
    }

    public void Release(Rows rows, int below = int.MaxValue)
    {
        var (low, high) = _rows[rows];
        _rows[rows] = below >= high ? default : (Math.Max(low, below), high);
        decoder.Release(rows, below);
        TryCharge();
    }

    /// <summary>
    /// Gives a table, behind the whole blocks it shares, a copy of its own of the block that follows in
    /// <paramref name="from"/>, of which the first positions up to <paramref name="length"/> are alike. Copied and not
    /// shared, because both will write into it. False when memory lacks.
    /// </summary>
    public bool TryCopyBlock(KvTable table, KvTable from, int length)
    {
        var geometry = ledger.Geometry;
        var all = new LayerRange(0, geometry.LayerGroups * geometry.LayersPerPage);
        var block = table.Length(all) / geometry.PageTokens;
        if (!ledger.TryReserve(table, all, length)) return false;
        decoder.CopyPages([.. Enumerable.Range(0, geometry.LayerGroups).Select(group => (from.Pages(group)[block], table.Pages(group)[block]))]);
        table.Commit(all, length);
        return true;
    }

    public void Truncate(KvTable table, int length) => ledger.Truncate(table, length);

    /// <summary>Gives everything back; tables and rows stay usable.</summary>
    public void Evict()
    {
        foreach (var table in _tables) ledger.Truncate(table, 0);
        foreach (var rows in _rows.Keys.ToArray()) Release(rows);
    }

    public void Dispose()
    {
        Evict();
        foreach (var table in _tables) ledger.Free(table);
        _tables.Clear();
        _rows.Clear();
    }

    private void Extend(Rows rows, int low, int high)
    {
        var old = _rows[rows];
        _rows[rows] = old.High == 0 ? (low, high) : (Math.Min(old.Low, low), Math.Max(old.High, high));
    }

    private bool TryCharge()
    {
        var kept = _rows.Values.Sum(range => range.High - range.Low);
        var pages = (kept + decoder.RowsPerPage - 1) / decoder.RowsPerPage;
        if (!ledger.TryCharge(_charged, pages)) return false;
        _charged = pages;
        return true;
    }
}
