using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Torch.Memory;

/// <summary>
/// Kept hidden states of all sequences as rows of one tensor [capacity, hidden] in f32, so that any set of them is read
/// or written by one operation. The host knows which row lies where; what is released is used again.
/// </summary>
internal sealed class RowStore(TorchDevice device, int hidden) : IDisposable
{
    private const int FirstCapacity = 256;

    private readonly Dictionary<int, Dictionary<int, int>> _sets = [];
    private readonly Stack<int> _free = new();
    private Tensor? _rows;
    private int _capacity;
    private int _used;

    /// <summary>Rows that are kept now.</summary>
    public int Count => _used - _free.Count;

    public long Bytes => (long)_capacity * hidden * sizeof(float);

    public bool Contains(Rows rows, int index) => _sets.TryGetValue(rows.Id, out var set) && set.ContainsKey(index);

    /// <summary>Where a kept row lies.</summary>
    public long Slot(RowRef row) => _sets[row.Rows.Id][row.Index];

    /// <summary>Where a row is to be written; it counts as kept from now on.</summary>
    public long NewSlot(RowRef row)
    {
        if (!_sets.TryGetValue(row.Rows.Id, out var set)) _sets.Add(row.Rows.Id, set = []);
        if (set.TryGetValue(row.Index, out var slot)) return slot;
        slot = _free.Count > 0 ? _free.Pop() : _used++;
        set.Add(row.Index, slot);
        return slot;
    }

    /// <summary>Rows by slot, [n, hidden].</summary>
    public Tensor Read(ReadOnlySpan<long> slots) => _rows!.index_select(0, device.Upload(slots));

    /// <summary>Writes values [n, hidden] to rows by slot.</summary>
    public void Write(ReadOnlySpan<long> slots, Tensor values)
    {
        if (slots.Length == 0) return;
        Grow();
        _rows!.index_copy_(0, device.Upload(slots), values);
    }

    /// <summary>Forgets the rows with an index below <paramref name="below"/>.</summary>
    public void Release(Rows rows, int below)
    {
        if (!_sets.TryGetValue(rows.Id, out var set)) return;
        foreach (var (index, slot) in set)
        {
            if (index >= below) continue;
            set.Remove(index);
            _free.Push(slot);
        }

        if (set.Count == 0) _sets.Remove(rows.Id);
    }

    public void Dispose()
    {
        _rows?.Dispose();
        _rows = null;
        _sets.Clear();
    }

    private void Grow()
    {
        if (_used <= _capacity) return;
        var capacity = Math.Max(_used, Math.Max(FirstCapacity, checked(2 * _capacity)));
        var grown = TorchDevice.Lasting(() => device.Zeros(torch.ScalarType.Float32, capacity, hidden));
        if (_rows is not null)
        {
            using var scope = torch.NewDisposeScope();
            grown.narrow(0, 0, _capacity).copy_(_rows);
            _rows.Dispose();
        }

        (_rows, _capacity) = (grown, capacity);
    }
}
