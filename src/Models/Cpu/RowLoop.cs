namespace InferenceServer.Models.Cpu;

/// <summary>Runs something for all rows, a range [from, to) at a time, on the pool when there is enough of it.</summary>
internal sealed class RowLoop
{
    // Floats that one thread works through in about 5 µs.
    private const long InlineFloats = 32 << 10;
    private const long ItemFloats = 16 << 10;

    private readonly WorkerPool _pool;
    private readonly Action<int, int> _item;
    private Action<int, int> _body = null!;
    private int _rows;
    private int _rowsPerItem;

    public RowLoop(WorkerPool pool)
    {
        _pool = pool;
        _item = Item;
    }

    /// <param name="floatsPerRow">Size of a row's work, counted as floats read or written.</param>
    /// <param name="together">Rows that are better done by one thread, one after the other.</param>
    public void Run(int rows, long floatsPerRow, Action<int, int> body, int together = 1)
    {
        if (rows * floatsPerRow < InlineFloats)
        {
            body(0, rows);
            return;
        }

        (_rows, _body) = (rows, body);
        _rowsPerItem = (int)Math.Max(together, ItemFloats / floatsPerRow);
        _pool.Run((rows + _rowsPerItem - 1) / _rowsPerItem, _item);
    }

    private void Item(int item, int worker) => _body(item * _rowsPerItem, Math.Min(_rows, (item + 1) * _rowsPerItem));
}
