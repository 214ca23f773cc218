namespace InferenceServer.Models.Cpu;

/// <summary>Runs something for every row, on the pool when there is enough of it.</summary>
internal sealed class RowLoop
{
    // Floats that one thread works through in about 10 µs.
    private const long InlineFloats = 64 << 10;
    private const long ItemFloats = 16 << 10;

    private readonly WorkerPool _pool;
    private readonly Action<int, int> _item;
    private Action<int> _body = null!;
    private int _rows;
    private int _rowsPerItem;

    public RowLoop(WorkerPool pool)
    {
        _pool = pool;
        _item = Item;
    }

    /// <param name="floatsPerRow">Size of a row's work, counted as floats read or written.</param>
    public void Run(int rows, long floatsPerRow, Action<int> body)
    {
        if (rows * floatsPerRow < InlineFloats)
        {
            for (var row = 0; row < rows; row++) body(row);
            return;
        }

        (_rows, _body) = (rows, body);
        _rowsPerItem = (int)Math.Max(1, ItemFloats / floatsPerRow);
        _pool.Run((rows + _rowsPerItem - 1) / _rowsPerItem, _item);
    }

    private void Item(int item, int worker)
    {
        var end = Math.Min(_rows, (item + 1) * _rowsPerItem);
        for (var row = item * _rowsPerItem; row < end; row++) _body(row);
    }
}
