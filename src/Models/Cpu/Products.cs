using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu;

/// <summary>
/// Matrix products over the worker pool: strips of outputs are the items. Whether and how a product is split never
/// shows in its bits.
/// </summary>
internal sealed unsafe class Products : IDisposable
{
    // Work below this, in bytes of weights or 1/8 of a multiply-add, is done before a second thread has noticed.
    private const long InlineWork = 128 << 10;

    // Activations below this are rounded before a second thread has noticed.
    private const long InlineActivations = 32 << 10;

    // An item streams at least this many bytes of weights, so that the counter is not what is waited for...
    private const long ItemBytes = 48 << 10;

    // ...unless there are fewer items than this for a thread, and one of them is what is waited for.
    private const int ItemsPerThread = 8;

    // Activations of an item at most, so that they stay in the second-level cache while strips pass them...
    private const int ItemActivations = 768 << 10;

    // ...and strips of an item with more than that.
    private const int ManyStrips = 6;

    // Rows are split in multiples of this: two tiles' worth.
    private const int RowUnit = 32;

    private readonly KernelSet _kernels;
    private readonly WorkerPool _pool;
    private readonly Action<int, int> _item;
    private readonly Action<int, int> _write;
    private readonly NativeBuffer _rounded = new();
    private readonly NativeBuffer[] _scratch; // [threads]
    private PackedMatrix _weight = null!;
    private ActivationForm _form;
    private float* _bias;
    private float* _floats;
    private nint _ldFloats;
    private byte* _x;
    private nint _ldx; // bytes, from one group of rows to the next
    private float* _y;
    private nint _ldy;
    private int _rows;
    private int _rowsPerItem;
    private int _stripsPerItem;
    private int _stripItems;

    public Products(KernelSet kernels, WorkerPool pool)
    {
        _kernels = kernels;
        _pool = pool;
        _scratch = [.. Enumerable.Range(0, pool.Threads).Select(_ => new NativeBuffer())];
        (_item, _write) = (Item, Write);
    }

    /// <summary>y = x · Wᵀ + b for all rows; b ([Outputs]) may be null. Strides count floats.</summary>
    public void Run(PackedMatrix weight, float* bias, float* x, nint ldx, float* y, nint ldy, int rows)
    {
        (_weight, _rows, _ldFloats, _ldy) = (weight, rows, ldx, ldy);
        _bias = bias;
        _floats = x;
        _y = y;
        TakeActivations();
        var work = weight.Bytes + (weight.Inputs * (long)weight.Outputs * rows / 8);
        if (work < InlineWork)
        {
            (_rowsPerItem, _stripsPerItem, _stripItems) = (rows, weight.Strips, 1);
            Item(0, 0);
            return;
        }

        var rowItems = Split(weight, rows);
        _pool.Run(_stripItems * rowItems, _item);
    }

    public void Dispose()
    {
        _rounded.Dispose();
        foreach (var scratch in _scratch) scratch.Dispose();
    }

    // Few rows: strips are dealt out, each streamed once. Many: sets of rows and strips that stay in the second-level cache
    // together, so that neither is read again and again from beyond it.
    private int Split(PackedMatrix weight, int rows)
    {
        var rowBytes = Activations.Bytes(_form, weight.Inputs) / Activations.Rows(_form);
        var rowsAtMost = Math.Max(2 * RowUnit, (int)(ItemActivations / rowBytes / RowUnit * RowUnit));
        var share = Math.Max(1, weight.Strips / _pool.Threads);
        var atLeast = rows > rowsAtMost ? ManyStrips : Math.Min((int)((ItemBytes + weight.StripBytes - 1) / weight.StripBytes), share / ItemsPerThread);
        _stripsPerItem = Math.Clamp(atLeast, 1, share);
        _stripItems = (weight.Strips + _stripsPerItem - 1) / _stripsPerItem;
        // Few strips on many threads: split the rows as well.
        var rowItems = Math.Clamp(4 * _pool.Threads / _stripItems, 1, Math.Max(1, rows / (2 * RowUnit)));
        rowItems = Math.Max(rowItems, (rows + rowsAtMost - 1) / rowsAtMost);
        _rowsPerItem = ((rows + rowItems - 1) / rowItems + RowUnit - 1) / RowUnit * RowUnit;
        return (rows + _rowsPerItem - 1) / _rowsPerItem;
    }

    // Once for all strips. Rows are independent, so it does not matter who does which.
    private void TakeActivations()
    {
        _form = _kernels.FormFor(_weight.Format, _rows);
        if (_form == ActivationForm.Floats)
        {
            _x = (byte*)_floats;
            _ldx = _ldFloats * sizeof(float);
            return;
        }

        _ldx = Activations.Bytes(_form, _weight.Inputs);
        var groups = (_rows + Activations.Rows(_form) - 1) / Activations.Rows(_form);
        _x = (byte*)_rounded.Ensure((groups * (long)_ldx / sizeof(float)) + 1);
        if (_rows * (long)_weight.Inputs >= InlineActivations)
        {
            _pool.Run(groups, _write);
            return;
        }

        for (var group = 0; group < groups; group++) Write(group, 0);
    }

    private void Write(int group, int worker)
    {
        var together = Activations.Rows(_form);
        var first = group * together;
        for (var row = first; row < Math.Min(_rows, first + together); row++)
            Activations.Write(_form, _weight, _floats + (row * _ldFloats), row - first, _x + (group * _ldx));
    }

    private void Item(int item, int worker)
    {
        var strip = item % _stripItems * _stripsPerItem;
        var strips = Math.Min(_stripsPerItem, _weight.Strips - strip);
        var row = item / _stripItems * _rowsPerItem;
        var rows = Math.Min(_rowsPerItem, _rows - row);
        if (rows <= 0) return;
        var y = _y + (row * _ldy);
        _kernels.Product(_form, _weight, strip, strips, _x + (row / Activations.Rows(_form) * _ldx), _ldx, y, _ldy, rows, _scratch[worker]);
        if (_bias == null) return;
        var from = strip * IStripPacker.StripOutputs;
        for (var i = 0; i < rows; i++)
            _kernels.AddScaled(y + (i * _ldy) + from, _bias + from, 1, strips * IStripPacker.StripOutputs);
    }
}
