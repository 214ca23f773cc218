using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Memory;

/// <summary>
/// Kept hidden states, [n, hidden] per <see cref="Rows"/>, in slabs of native memory: releasing the rows below an
/// index gives their slabs back at once.
/// </summary>
internal sealed unsafe class KeptRowStore(int hidden) : IDisposable
{
    private const int SlabRows = 16;

    private readonly Dictionary<int, RowSet> _sets = [];

    /// <summary>Bytes held for rows right now.</summary>
    public long Bytes => _sets.Values.Sum(set => set.Slabs.Values.Sum(slab => slab.Memory.Length));

    public bool Contains(Rows rows, int index) =>
        _sets.TryGetValue(rows.Id, out var set) && set.Slabs.TryGetValue(index / SlabRows, out var slab)
        && (slab.Written & (1u << (index % SlabRows))) != 0;

    /// <summary>A written row, [hidden].</summary>
    public float* Read(RowRef row) =>
        _sets[row.Rows.Id].Slabs[row.Index / SlabRows].Memory.Floats + ((long)(row.Index % SlabRows) * hidden);

    /// <summary>Room for a row, [hidden], which counts as written from now on.</summary>
    public float* Write(RowRef row)
    {
        if (!_sets.TryGetValue(row.Rows.Id, out var set)) _sets.Add(row.Rows.Id, set = new RowSet());
        if (!set.Slabs.TryGetValue(row.Index / SlabRows, out var slab))
        {
            slab = new Slab(new NativeBuffer((long)SlabRows * hidden * sizeof(float)));
            set.Slabs.Add(row.Index / SlabRows, slab);
        }

        slab.Written |= 1u << (row.Index % SlabRows);
        return slab.Memory.Floats + ((long)(row.Index % SlabRows) * hidden);
    }

    /// <summary>Forgets the rows with an index below <paramref name="below"/>.</summary>
    public void Release(Rows rows, int below)
    {
        if (!_sets.TryGetValue(rows.Id, out var set)) return;
        foreach (var (index, slab) in set.Slabs.ToArray())
        {
            var forgotten = Math.Clamp((long)below - ((long)index * SlabRows), 0, SlabRows);
            slab.Written &= ~(uint)((1ul << (int)forgotten) - 1);
            if (slab.Written != 0) continue;
            slab.Memory.Dispose();
            set.Slabs.Remove(index);
        }

        if (set.Slabs.Count == 0) _sets.Remove(rows.Id);
    }

    public void Dispose()
    {
        foreach (var slab in _sets.Values.SelectMany(set => set.Slabs.Values)) slab.Memory.Dispose();
        _sets.Clear();
    }

    private sealed class Slab(NativeBuffer memory)
    {
        public NativeBuffer Memory { get; } = memory;

        /// <summary>One bit per row.</summary>
        public uint Written { get; set; }
    }

    private sealed class RowSet
    {
        public Dictionary<int, Slab> Slabs { get; } = [];
    }
}
