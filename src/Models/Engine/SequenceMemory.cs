using InferenceServer.Models.Decoding;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Engine;

/// <summary>All KV tables and kept rows of one sequence, freed together.</summary>
internal sealed class SequenceMemory(KvLedger ledger, IDecoder decoder, Func<int> nextRows) : ISequenceMemory, IDisposable
{
    private readonly List<KvTable> _tables = [];
    private readonly List<Rows> _rows = [];

    public KvTable CreateTable()
    {
        var table = ledger.CreateTable();
        _tables.Add(table);
        return table;
    }

    public Rows CreateRows()
    {
        var rows = new Rows(nextRows());
        _rows.Add(rows);
        return rows;
    }

    public void Release(Rows rows, int below = int.MaxValue) => decoder.Release(rows, below);

    public void Truncate(KvTable table, int length) => ledger.Truncate(table, length);

    public void Dispose()
    {
        foreach (var table in _tables) ledger.Free(table);
        foreach (var rows in _rows) decoder.Release(rows);
    }
}
