using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Cpu.Weights;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu;

/// <summary>Runs a segment's rows through its layers: each layer's weights are read once for all of them.</summary>
internal sealed unsafe class LayerRunner : IDisposable
{
    private readonly LayerWeights[] _layers;
    private readonly (RopeTable? Short, RopeTable? Long)[] _ropes;
    private readonly int _hidden;
    private readonly KernelSet _kernels;
    private readonly KvArena _arena;
    private readonly Products _products;
    private readonly RowLoop _rowLoop;
    private readonly AdapterSet _adapters;
    private readonly PagedAttention _attention;
    private readonly PageDirectory _pages;
    private readonly NativeBuffer _normed = new();
    private readonly NativeBuffer _qkv = new();
    private readonly NativeBuffer _context = new();
    private readonly NativeBuffer _mlp = new();
    private readonly NativeBuffer _out = new();
    private readonly nint _ldQkv;
    private readonly nint _ldContext;
    private readonly nint _ldMlp;
    private readonly Action<int, int> _normBody;
    private readonly Action<int, int> _placeBody;
    private readonly Action<int, int> _afterAttentionBody;
    private readonly Action<int, int> _activateBody;
    private readonly Action<int, int> _afterMlpBody;
    private float* _x;
    private LayerWeights _layer = null!;
    private LayerWeights? _next;
    private (RopeTable? Short, RopeTable? Long) _rope;
    private KvLayerLayout _layout;
    private IReadOnlyList<SegmentRows> _groups = [];
    private int[] _groupOfRow = [];

    public LayerRunner(
        LayerWeights[] layers,
        DecoderSpec spec,
        KernelSet kernels,
        KvArena arena,
        WorkerPool pool,
        Products products,
        RowLoop rowLoop,
        AdapterSet adapters)
    {
        (_layers, _hidden, _kernels, _arena) = (layers, spec.HiddenSize, kernels, arena);
        (_products, _rowLoop, _adapters) = (products, rowLoop, adapters);
        var ropes = new Dictionary<RopeSpec, RopeTable>();
        _ropes = [.. layers.Select(layer => Tables(ropes, layer.Spec.Attention.Rope, spec.MaxPositions))];
        _attention = new PagedAttention(kernels, pool, arena);
        _pages = new PageDirectory(arena.Geometry);
        Stride = RowStride(_hidden);
        _ldQkv = RowStride(layers.Max(layer => layer.Qkv.Weight.Outputs));
        _ldContext = RowStride(layers.Max(layer => layer.Spec.Attention.Heads * layer.Spec.Attention.HeadDim));
        _ldMlp = RowStride(layers.Max(layer => layer.MlpIn.Weight.Outputs));
        (_normBody, _placeBody, _afterAttentionBody) = (Norm, Place, AfterAttention);
        (_activateBody, _afterMlpBody) = (Activate, AfterMlp);
    }

    /// <summary>Floats from one hidden row to the next.</summary>
    public nint Stride { get; }

    /// <summary>
    /// A row of at least <paramref name="width"/> floats: whole strips, and never a power of two, which would map all
    /// rows to few cache sets.
    /// </summary>
    public static int RowStride(int width) => ((width + 31) / 32 * 32) + 16;

    /// <summary>Makes room for a step, so that nothing is allocated once rows have been written.</summary>
    public void Prepare(int rows, int positions)
    {
        foreach (var (rope, longRope) in _ropes)
        {
            rope?.Ensure(positions);
            longRope?.Ensure(positions);
        }

        _normed.Ensure(rows * (long)Stride);
        _out.Ensure(rows * (long)Stride);
        _qkv.Ensure(rows * (long)_ldQkv);
        _context.Ensure(rows * (long)_ldContext);
        _mlp.Ensure(rows * (long)_ldMlp);
        if (_groupOfRow.Length < rows) _groupOfRow = new int[Math.Max(rows, 2 * _groupOfRow.Length)];
    }

    /// <summary>Runs the active rows x, [RowCount, Stride], through the segment's layers, in place.</summary>
    public void Run(Segment segment, float* x)
    {
        _groups = segment.Active;
        _x = x;
        for (var group = 0; group < _groups.Count; group++)
            _groupOfRow.AsSpan(_groups[group].Offset, _groups[group].Group.Count).Fill(group);

        _layer = _layers[segment.Range.Lo];
        _rowLoop.Run(segment.RowCount, 2 * _hidden, _normBody);
        var loaded = -1;
        for (var layer = segment.Range.Lo; layer < segment.Range.Hi; layer++)
        {
            if (_arena.Geometry.GroupOf(layer) != loaded) _pages.Load(_groups, loaded = _arena.Geometry.GroupOf(layer));
            _next = layer + 1 < segment.Range.Hi ? _layers[layer + 1] : null;
            RunLayer(layer, segment.RowCount);
        }
    }

    public void Dispose()
    {
        foreach (var (rope, longRope) in _ropes)
        {
            rope?.Dispose();
            longRope?.Dispose();
        }

        foreach (var buffer in (NativeBuffer[])[_normed, _qkv, _context, _mlp, _out]) buffer.Dispose();
        _attention.Dispose();
    }

    private void RunLayer(int index, int rows)
    {
        var layer = _layer = _layers[index];
        var attention = layer.Spec.Attention;
        (_rope, _layout) = (_ropes[index], _arena.Layout[index]);

        _products.Run(layer.Qkv.Weight, layer.Qkv.Bias, _normed.Floats, Stride, _qkv.Floats, _ldQkv, rows);
        var (query, key, value) = (layer.Qkv.Weight.Offsets[0], layer.Qkv.Weight.Offsets[1], layer.Qkv.Weight.Offsets[2]);
        _adapters.Apply(index, Projection.Query, _groups, _normed.Floats, Stride, _qkv.Floats + query, _ldQkv);
        _adapters.Apply(index, Projection.Key, _groups, _normed.Floats, Stride, _qkv.Floats + key, _ldQkv);
        _adapters.Apply(index, Projection.Value, _groups, _normed.Floats, Stride, _qkv.Floats + value, _ldQkv);
        _rowLoop.Run(rows, layer.Qkv.Weight.Outputs, _placeBody, KvLayout.TileTokens);

        _attention.Run(attention, index, _groups, _pages, _qkv.Floats, _ldQkv, _context.Floats, _ldContext);
        _products.Run(layer.Output.Weight, layer.Output.Bias, _context.Floats, _ldContext, _out.Floats, Stride, rows);
        _adapters.Apply(index, Projection.Output, _groups, _context.Floats, _ldContext, _out.Floats, Stride);
        _rowLoop.Run(rows, 4 * _hidden, _afterAttentionBody);

        _products.Run(layer.MlpIn.Weight, layer.MlpIn.Bias, _normed.Floats, Stride, _mlp.Floats, _ldMlp, rows);
        if (layer.Spec.Mlp.Gate is not null)
            _adapters.Apply(index, Projection.Gate, _groups, _normed.Floats, Stride, _mlp.Floats, _ldMlp);
        _adapters.Apply(index, Projection.Up, _groups, _normed.Floats, Stride, _mlp.Floats + layer.MlpIn.Weight.Offsets[^1], _ldMlp);
        _rowLoop.Run(rows, 4 * layer.MlpIn.Weight.Outputs, _activateBody);
        _products.Run(layer.Down.Weight, layer.Down.Bias, _mlp.Floats, _ldMlp, _out.Floats, Stride, rows);
        _adapters.Apply(index, Projection.Down, _groups, _mlp.Floats, _ldMlp, _out.Floats, Stride);
        _rowLoop.Run(rows, 4 * _hidden, _afterMlpBody);
    }

    private void Norm(int from, int to)
    {
        for (var row = from; row < to; row++) _layer.AttentionNorm.Apply(_kernels, _x + (row * Stride), _normed.Floats + (row * Stride));
    }

    /// <summary>Head norms, rotary positions, and the rows' keys and values into their pages.</summary>
    private void Place(int from, int to)
    {
        var attention = _layer.Spec.Attention;
        var offsets = _layer.Qkv.Weight.Offsets;
        for (var row = from; row < to; row++)
        {
            var (group, offset) = _groups[_groupOfRow[row]];
            var position = group.Start + row - offset;
            var qkv = _qkv.Floats + (row * _ldQkv);
            var rope = group.Kv.IsLong ? _rope.Long ?? _rope.Short : _rope.Short;
            Turn(qkv + offsets[0], attention.Heads, attention.HeadDim, _layer.QueryNorm, rope, position);
            Turn(qkv + offsets[1], attention.KvHeads, attention.HeadDim, _layer.KeyNorm, rope, position);
        }

        // Keys are stored across positions: a head's lines stay close while all rows write to them.
        for (var head = 0; head < attention.KvHeads; head++)
        {
            var (key, value) = (offsets[1] + (head * attention.HeadDim), offsets[2] + (head * attention.HeadDim));
            for (var row = from; row < to; row++)
            {
                var (group, offset) = _groups[_groupOfRow[row]];
                var (page, token) = Math.DivRem(group.Start + row - offset, _arena.Geometry.PageTokens);
                var qkv = _qkv.Floats + (row * _ldQkv);
                _arena.Write(_pages.Of(_groupOfRow[row])[page], token, _layout, head, attention.HeadDim, qkv + key, qkv + value);
            }
        }
    }

    private void Turn(float* heads, int count, int headDim, NormWeights? norm, RopeTable? rope, int position)
    {
        for (var head = 0; head < count; head++)
        {
            norm?.Apply(_kernels, heads + (head * headDim), heads + (head * headDim));
            if (rope is not null) _kernels.Rotate(heads + (head * headDim), rope.Cos(position), rope.Sin(position), rope.Half);
        }
    }

    private void AfterAttention(int from, int to)
    {
        for (var row = from; row < to; row++)
        {
            _kernels.AddScaled(_x + (row * Stride), _out.Floats + (row * Stride), _layer.Spec.ResidualScale, _hidden);
            _layer.MlpNorm?.Apply(_kernels, _x + (row * Stride), _normed.Floats + (row * Stride));
        }
    }

    private void Activate(int from, int to)
    {
        var mlp = _layer.Spec.Mlp;
        for (var row = from; row < to; row++)
        {
            var gate = _mlp.Floats + (row * _ldMlp);
            _kernels.Activate(mlp.Activation, gate, mlp.Gate is null ? null : gate + _layer.MlpIn.Weight.Offsets[1], mlp.Up.Outputs);
        }
    }

    // And the next layer's norm, while the row is close.
    private void AfterMlp(int from, int to)
    {
        for (var row = from; row < to; row++)
        {
            _kernels.AddScaled(_x + (row * Stride), _out.Floats + (row * Stride), _layer.Spec.ResidualScale, _hidden);
            _next?.AttentionNorm.Apply(_kernels, _x + (row * Stride), _normed.Floats + (row * Stride));
        }
    }

    private static (RopeTable? Short, RopeTable? Long) Tables(Dictionary<RopeSpec, RopeTable> tables, RopeSpec? spec, int maxPositions)
    {
        if (spec is null) return default;
        var longRope = spec.Beyond is { } other ? Table(spec with { InverseFrequencies = other.InverseFrequencies, Beyond = null }) : null;
        return (Table(spec), longRope);

        RopeTable Table(RopeSpec key)
        {
            if (!tables.TryGetValue(key, out var table)) tables.Add(key, table = new RopeTable(key, maxPositions));
            return table;
        }
    }
}
