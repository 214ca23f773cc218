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
    private const long InlineWork = 640 << 10;

    // An item streams at least this many bytes of weights, so that the counter is not what is waited for.
    private const long ItemBytes = 48 << 10;

    // Activations below this are quantised before a second thread has noticed.
    private const long InlineQuantised = 32 << 10;

    private readonly KernelSet _kernels;
    private readonly WorkerPool _pool;
    private readonly Action<int, int> _item;
    private readonly Action<int, int> _quantise;
    private readonly NativeBuffer _blocks = new();
    private PackedMatrix _weight = null!;
    private float* _bias;
    private float* _x;
    private float* _y;
    private nint _ldx;
    private nint _ldBlocks;
    private nint _ldy;
    private int _rows;
    private int _rowsPerItem;
    private int _stripsPerItem;
    private int _stripItems;

    public Products(KernelSet kernels, WorkerPool pool)
    {
        _kernels = kernels;
        _pool = pool;
        (_item, _quantise) = (Item, Quantise);
    }

    /// <summary>y = x · Wᵀ + b for all rows; b ([Outputs]) may be null. Strides count floats.</summary>
    public void Run(PackedMatrix weight, float* bias, float* x, nint ldx, float* y, nint ldy, int rows)
    {
        (_weight, _rows, _ldx, _ldy) = (weight, rows, ldx, ldy);
        _bias = bias;
        _x = x;
        _y = y;
        if (weight.IsQuantised) QuantiseRows();
        var work = weight.Bytes + (weight.Inputs * (long)weight.Outputs * rows / 8);
        if (work < InlineWork)
        {
            (_rowsPerItem, _stripsPerItem, _stripItems) = (rows, weight.Strips, 1);
            Item(0, 0);
            return;
        }

        var share = Math.Max(1, weight.Strips / _pool.Threads);
        _stripsPerItem = (int)Math.Clamp((ItemBytes + weight.StripBytes - 1) / weight.StripBytes, 1, share);
        _stripItems = (weight.Strips + _stripsPerItem - 1) / _stripsPerItem;
        // Few strips on many threads: split the rows as well.
        var rowItems = Math.Clamp(4 * _pool.Threads / _stripItems, 1, Math.Max(1, rows / 48));
        _rowsPerItem = (rows + rowItems - 1) / rowItems;
        _pool.Run(_stripItems * rowItems, _item);
    }

    public void Dispose() => _blocks.Dispose();

    // Once for all strips. Rows are independent, so it does not matter who does which.
    private void QuantiseRows()
    {
        _ldBlocks = ActivationBlocks.RowBytes(_weight.Inputs);
        _ = _blocks.Ensure((_rows * (long)_ldBlocks / sizeof(float)) + 1);
        if (_rows * (long)_weight.Inputs < InlineQuantised)
        {
            for (var row = 0; row < _rows; row++) Quantise(row, 0);
        }
        else
        {
            _pool.Run(_rows, _quantise);
        }
    }

    private void Quantise(int row, int worker) =>
        ActivationBlocks.Quantise(_x + (row * _ldx), _weight.Inputs, _blocks.Bytes + (row * _ldBlocks));

    private void Item(int item, int worker)
    {
        var strip = item % _stripItems * _stripsPerItem;
        var strips = Math.Min(_stripsPerItem, _weight.Strips - strip);
        var row = item / _stripItems * _rowsPerItem;
        var rows = Math.Min(_rowsPerItem, _rows - row);
        if (rows <= 0) return;
        var y = _y + (row * _ldy);
        if (_weight.IsQuantised) _kernels.BlockProduct(_weight, strip, strips, _blocks.Bytes + (row * _ldBlocks), _ldBlocks, y, _ldy, rows);
        else _kernels.Product(_weight, strip, strips, _x + (row * _ldx), _ldx, y, _ldy, rows);
        if (_bias == null) return;
        var from = strip * IStripPacker.StripOutputs;
        for (var i = 0; i < rows; i++)
            _kernels.AddScaled(y + (i * _ldy) + from, _bias + from, 1, strips * IStripPacker.StripOutputs);
    }
}
