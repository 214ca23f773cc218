using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu;

/// <summary>
/// Attention of a segment's rows over their pages, one item per block of rows and kv head. Scores of a block live
/// in a worker's scratch, [queries, positions]: memory grows with the context, not with its square.
/// </summary>
internal sealed unsafe class PagedAttention : IDisposable
{
    // Queries (rows times heads that share a kv head) of an item: each page is read once for all of them.
    private const int QueriesPerItem = 16;

    // Multiply-adds that are not worth waking a second thread for.
    private const long InlineWork = 32 << 10;

    private readonly KernelSet _kernels;
    private readonly WorkerPool _pool;
    private readonly KvArena _arena;
    private readonly NativeBuffer[] _scratch;
    private readonly WideKv[] _wide;
    private readonly Action<int, int> _item;
    private readonly List<Item> _items = [];
    private PageDirectory _pages = null!;
    private IReadOnlyList<SegmentRows> _groups = [];
    private AttentionSpec _spec = null!;
    private KvLayerLayout _layout;
    private float* _queries;
    private float* _output;
    private nint _ldq;
    private nint _ldo;

    public PagedAttention(KernelSet kernels, WorkerPool pool, KvArena arena)
    {
        (_kernels, _pool, _arena) = (kernels, pool, arena);
        _scratch = [.. Enumerable.Range(0, pool.Threads).Select(_ => new NativeBuffer())];
        _wide = [.. Enumerable.Range(0, pool.Threads).Select(_ => new WideKv(kernels, arena))];
        _item = Run;
    }

    /// <summary>output[row] = attention of queries[row], both [Heads · HeadDim]; keys and values are in the pages already.</summary>
    public void Run(
        AttentionSpec spec,
        int layer,
        IReadOnlyList<SegmentRows> groups,
        PageDirectory pages,
        float* queries,
        nint ldq,
        float* output,
        nint ldo)
    {
        (_spec, _groups, _pages, _layout) = (spec, groups, pages, _arena.Layout[layer]);
        (_ldq, _ldo) = (ldq, ldo);
        _queries = queries;
        _output = output;

        var heads = spec.Heads / spec.KvHeads;
        var rowsPerItem = Math.Max(1, QueriesPerItem / heads);
        var (work, scratch) = (0L, 0L);
        _items.Clear();
        for (var group = 0; group < groups.Count; group++)
        {
            var rows = groups[group].Group;
            for (var first = 0; first < rows.Count; first += rowsPerItem)
            {
                var count = Math.Min(rowsPerItem, rows.Count - first);
                var length = End(rows, first + count - 1) - Begin(rows, first);
                work += (long)length * count * spec.Heads * spec.HeadDim;
                scratch = Math.Max(scratch, ScratchFloats(count * heads, length));
                for (var head = 0; head < spec.KvHeads; head++) _items.Add(new Item(group, first, count, head));
            }
        }

        foreach (var buffer in _scratch) buffer.Ensure(scratch);
        if (work >= InlineWork)
        {
            _pool.Run(_items.Count, _item);
            return;
        }

        for (var item = 0; item < _items.Count; item++) Run(item, 0);
    }

    public void Dispose()
    {
        foreach (var buffer in _scratch) buffer.Dispose();
        foreach (var wide in _wide) wide.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run(int index, int worker)
    {
        var item = _items[index];
        var (group, offset) = _groups[item.Group];
        var pages = _pages.Of(item.Group);
        var heads = _spec.Heads / _spec.KvHeads;
        var queries = item.Rows * heads;
        var pageTokens = _arena.Geometry.PageTokens;
        var end = End(group, item.First + item.Rows - 1);
        var firstPage = Begin(group, item.First) / pageTokens;
        var origin = firstPage * pageTokens;

        var ldScores = ScoreStride(end - origin);
        var places = new Places(_scratch[worker].Floats, end - origin, pageTokens);
        var scores = _scratch[worker].Floats + Places.Floats(end - origin, pageTokens);
        var q = scores + (queries * ldScores);
        var output = q + ((nint)queries * _spec.HeadDim);
        new Span<float>(output, queries * _layout.ValueWidth).Clear();
        for (var i = 0; i < queries; i++)
        {
            var from = _queries + ((offset + item.First + (i / heads)) * _ldq) + (((item.Head * heads) + (i % heads)) * _spec.HeadDim);
            TensorPrimitives.Multiply(new ReadOnlySpan<float>(from, _spec.HeadDim), _spec.Scale, new Span<float>(q + (i * _spec.HeadDim), _spec.HeadDim));
        }

        var count = 0;
        for (var page = firstPage; page * pageTokens < end; page++)
        {
            var keys = _arena.Keys(pages[page], _layout, item.Head);
            places.Values[page - firstPage] = (float*)_arena.Values(pages[page], _layout, item.Head);
            for (var token = 0; token < pageTokens && (page * pageTokens) + token < end; token += KvLayout.TileTokens)
            {
                places.Tiles[count] = (float*)(keys + (token / KvLayout.TileTokens * _layout.TileBytes));
                places.At[count++] = (page * pageTokens) + token - origin;
            }
        }

        var narrow = _arena.Format != KvFormat.F32;
        var wide = _wide[worker];
        if (narrow) wide.Scores(q, queries, places.Tiles, places.At, count, _spec.HeadDim, scores, ldScores);
        else _kernels.Scores(q, _spec.HeadDim, queries, places.Tiles, places.At, count, _spec.HeadDim, scores, ldScores);
        wide.Begin(places.Values, end - origin, _layout.ValueWidth);

        var sums = stackalloc float[queries];
        for (var i = 0; i < queries; i++)
        {
            var row = item.First + (i / heads);
            var begin = Begin(group, row);
            sums[i] = _kernels.Exponentials(scores + (i * ldScores) + (begin - origin), End(group, row) - begin);
        }

        // Positions that all rows see are shared; what only some see is added row by row, before and after: every
        // row adds its positions in rising order and never multiplies one it does not see, not even by zero.
        var (shared, sharedEnd) = (Begin(group, item.First + item.Rows - 1), End(group, item.First));
        if (shared >= sharedEnd) (shared, sharedEnd) = (end, end);
        for (var row = 0; row < item.Rows; row++)
            Accumulate(row, 1, Begin(group, item.First + row), Math.Min(shared, End(group, item.First + row)));
        Accumulate(0, item.Rows, shared, sharedEnd);
        for (var row = 0; row < item.Rows; row++) Accumulate(row, 1, sharedEnd, End(group, item.First + row));

        for (var i = 0; i < queries; i++)
        {
            var to = _output + ((offset + item.First + (i / heads)) * _ldo) + (((item.Head * heads) + (i % heads)) * _spec.HeadDim);
            var sum = new ReadOnlySpan<float>(output + (i * _layout.ValueWidth), _spec.HeadDim);
            TensorPrimitives.Divide(sum, sums[i], new Span<float>(to, _spec.HeadDim));
        }

        // Adds positions [from, to) to the outputs of some rows.
        void Accumulate(int row, int rows, int from, int to)
        {
            if (from >= to) return;
            var first = (nint)row * heads;
            float* weights = scores + (first * ldScores), result = output + (first * _layout.ValueWidth);
            if (narrow) wide.Accumulate(weights, ldScores, rows * heads, from - origin, to - origin, result);
            else _kernels.Accumulate(weights, ldScores, rows * heads, places.Values, pageTokens, from - origin, to - origin, _layout.ValueWidth, result, _layout.ValueWidth);
        }
    }

    /// <summary>The first position a row sees.</summary>
    private int Begin(RowGroup group, int row) => _spec.Window is { } window ? Math.Max(0, group.Start + row - window + 1) : 0;

    /// <summary>One past the last position a row sees.</summary>
    private static int End(RowGroup group, int row) => group.Start + (group.Mask == RowMask.Full ? group.Count : row + 1);

    /// <summary>Room for the scores of a range that starts anywhere in a page, and for a tile and a block beyond its end.</summary>
    private static nint ScoreStride(int positions) => ((positions + 15) / 16 * 16) + 32;

    private long ScratchFloats(int queries, int length) =>
        checked((queries * ((long)ScoreStride(length + _arena.Geometry.PageTokens) + _spec.HeadDim + _layout.ValueWidth))
            + Places.Floats(length + _arena.Geometry.PageTokens, _arena.Geometry.PageTokens));

    /// <summary>Where an item's keys and values lie: tiles of sixteen keys and their first positions; values by page.</summary>
    private readonly struct Places
    {
        public readonly float** Tiles;
        public readonly float** Values;
        public readonly int* At;

        public Places(float* scratch, int positions, int pageTokens)
        {
            var (pages, tiles) = Count(positions, pageTokens);
            Tiles = (float**)scratch;
            Values = Tiles + tiles;
            At = (int*)(Values + pages);
        }

        /// <summary>Room for all three, a whole number of vectors.</summary>
        public static long Floats(int positions, int pageTokens)
        {
            var (pages, tiles) = Count(positions, pageTokens);
            return ((3L * tiles) + (2L * pages) + 15) / 16 * 16;
        }

        private static (int Pages, int Tiles) Count(int positions, int pageTokens)
        {
            var pages = ((positions + pageTokens - 1) / pageTokens) + 1;
            return (pages, pages * ((pageTokens + KvLayout.TileTokens - 1) / KvLayout.TileTokens));
        }
    }

    private readonly record struct Item(int Group, int First, int Rows, int Head);
}
