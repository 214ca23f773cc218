using System.Globalization;
using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Cpu.Nets;
using InferenceServer.Models.Cpu.Weights;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu;

/// <summary>
/// The managed engine. A row's bits depend on nothing but its own sequence: not on its neighbours in the batch, how
/// its prompt was chunked, the number of threads or the instruction set (docs/cpu-engine.md).
/// </summary>
public sealed unsafe class CpuDecoder : IDecoder
{
    private readonly KernelSet _kernels;
    private readonly Products _products;
    private readonly WorkerPool _pool;
    private readonly LayerWeights[] _layers;
    private readonly SideNet[] _nets;
    private readonly KvArena _arena;
    private readonly KeptRowStore _kept;
    private readonly AdapterSet _adapters;
    private readonly LayerRunner _runner;
    private readonly HeadRunner _heads;
    private readonly RowEntry _entry;
    private readonly StepValidator _validator;
    private readonly NativeBuffer _rows = new();
    private bool _disposed;

    /// <summary>Packs the weights, which takes a pass over the checkpoint, and reserves the KV arena.</summary>
    /// <param name="progress">Told after every layer, and at the end.</param>
    /// <exception cref="PlatformNotSupportedException">The forced kernel path is not on this machine.</exception>
    public CpuDecoder(
        DecoderSpec spec,
        int pageCount,
        CpuOptions options,
        IProgress<LoadProgress>? progress = null,
        int pageTokens = KvGeometry.DefaultPageTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads);
        Spec = spec;
        _kernels = KernelSet.Choose(options.Force);
        Geometry = KvGeometry.For(spec, pageTokens);
        _arena = new KvArena(spec, Geometry, pageCount, options.Kv);
        _pool = new WorkerPool(options.Threads > 0 ? options.Threads : Environment.ProcessorCount);
        try
        {
            var products = _products = new Products(_kernels, _pool);
            var rowLoop = new RowLoop(_pool);
            _kept = new KeptRowStore(spec.HiddenSize);
            _layers = new LayerWeights[spec.Layers.Count];
            var (read, total) = (0L, spec.Layers.Sum(LayerWeights.StoredBytes) + HeadRunner.StoredBytes(spec));
            for (var layer = 0; layer < _layers.Length; layer++)
            {
                // The disk fetches the next layer while this one is packed.
                if (layer + 1 < _layers.Length) LayerWeights.Expect(spec.Layers[layer + 1]);
                _layers[layer] = new LayerWeights(spec.Layers[layer], options.Weights, _pool.Threads);
                progress?.Report(new LoadProgress(read += LayerWeights.StoredBytes(spec.Layers[layer]), total));
            }

            _adapters = new AdapterSet(spec, _kernels, products, rowLoop, _pool.Threads);
            _runner = new LayerRunner(_layers, spec, _kernels, _arena, _pool, products, rowLoop, _adapters);
            _heads = new HeadRunner(spec, options, _kernels, products, _kept, _pool);
            _nets =
            [
                .. spec.SideNets.Select(net =>
                    SideNet.Create(net, spec.HiddenSize, options.NetWeights, _kernels, products, _pool.Threads)),
            ];
            progress?.Report(new LoadProgress(total, total));
        }
        catch
        {
            // A weight that cannot be read must not leave threads behind; native memory has finalizers.
            _pool.Dispose();
            throw;
        }

        _entry = new RowEntry(spec, _kept);
        _validator = new StepValidator(spec, Geometry, pageCount, _kept.Contains);
        var megabytes = (_layers.Sum(layer => layer.Bytes) + _heads.Bytes + _adapters.Bytes) / 1e6;
        Description = string.Create(
            CultureInfo.InvariantCulture,
            $"cpu: {_kernels.Name} kernels, {_pool.Threads} threads, {options.Weights} weights ({megabytes:F0} MB), "
            + $"{pageCount} KV pages ({options.Kv}) of {_arena.Layout.PageBytes / 1024.0:F0} KB");
    }

    public DecoderSpec Spec { get; }

    public KvGeometry Geometry { get; }

    public int PageCount => _arena.PageCount;

    /// <inheritdoc/>
    public int RowsPerPage => (int)Math.Clamp(_arena.Layout.PageBytes / (sizeof(float) * (long)Spec.HiddenSize), 1, int.MaxValue);

    /// <summary>One line for the start-up log: kernel path, threads, weight format and sizes.</summary>
    public string Description { get; }

    /// <summary>Bytes of native memory that kept rows hold now; grows and shrinks with Keep and Release.</summary>
    public long KeptRowBytes => _kept.Bytes;

    /// <summary>Size of one KV page of this model.</summary>
    public static long BytesPerPage(DecoderSpec spec, KvGeometry geometry, KvFormat format) => new KvLayout(spec, geometry, format).PageBytes;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">
    /// The step asks for something the model, the arena or the kept rows do not have; nothing was written.
    /// </exception>
    public StepResult Run(StepBatch batch)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var segments = SegmentPlanner.Plan(batch);
        _validator.Check(batch, segments);
        _pool.Stepping = true;
        try
        {
            Prepare(segments);
            for (var i = 0; i < segments.Count; i++) RunSegment(i == 0 ? null : segments[i - 1], segments[i]);

            var heads = _heads.Run([.. batch.Ops.OfType<HeadCall>()]);
            foreach (var blend in batch.Ops.OfType<KvBlend>()) Blend(blend);
            return new StepResult(heads);
        }
        finally
        {
            _pool.Stepping = false;
        }
    }

    /// <inheritdoc/>
    public void CopyPages(ReadOnlySpan<(int From, int To)> pages)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        foreach (var (from, to) in pages) _arena.Copy(from, to);
    }

    /// <inheritdoc/>
    public void Release(Rows rows, int below = int.MaxValue)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _kept.Release(rows, below);
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _pool.Dispose();
        _products.Dispose();
        foreach (var layer in _layers) layer.Dispose();
        foreach (var net in _nets) net.Dispose();
        _adapters.Dispose();
        _runner.Dispose();
        _heads.Dispose();
        _arena.Dispose();
        _kept.Dispose();
        _rows.Dispose();
    }

    private void Prepare(IReadOnlyList<Segment> segments)
    {
        var (rows, positions) = (0, 0);
        foreach (var segment in segments)
        {
            rows = Math.Max(rows, segment.RowCount);
            foreach (var (group, _) in segment.Active) positions = Math.Max(positions, group.Start + group.Count);
        }

        _rows.Ensure(rows * (long)_runner.Stride);
        _runner.Prepare(rows, positions);
    }

    private void RunSegment(Segment? before, Segment segment)
    {
        foreach (var (group, offset) in segment.Leaving)
        {
            if (group.Keep is not { } keep) continue;
            for (var i = 0; i < keep.Count; i++)
                Row(Hidden(offset + keep.From + i)).CopyTo(Row(_kept.Write(new RowRef(keep.Rows, keep.At + i))));
        }

        foreach (var group in segment.Passing) Pass(group);
        foreach (var calls in SideNetBatches.Of(segment.SideNets)) _nets[calls[0].Net].Run(calls[0].Index, calls, _kept);

        // Rows that stay close the gaps of those that left; an offset never grows, so they can move one by one.
        var staying = segment.Active.Count - segment.Entering;
        var old = 0;
        for (var i = 0; i < staying; i++)
        {
            var (group, offset) = segment.Active[i];
            while (!ReferenceEquals(before!.Active[old].Group, group)) old++;
            var from = before.Active[old++].Offset;
            if (from != offset)
            {
                var floats = group.Count * (int)_runner.Stride;
                new ReadOnlySpan<float>(Hidden(from), floats).CopyTo(new Span<float>(Hidden(offset), floats));
            }
        }

        for (var i = staying; i < segment.Active.Count; i++)
            _entry.Fill(segment.Active[i].Group.In, Hidden(segment.Active[i].Offset), _runner.Stride, segment.Active[i].Group.Start);
        if (segment.RowCount > 0) _runner.Run(segment, _rows.Floats);
    }

    /// <summary>Keeps the rows of a group that runs no layer.</summary>
    private void Pass(RowGroup group)
    {
        if (group.Keep is not { } keep) return;
        using var rows = new NativeBuffer();
        _entry.Fill(group.In, rows.Ensure(group.Count * (long)_runner.Stride), _runner.Stride, group.Start);
        for (var i = 0; i < keep.Count; i++)
            Row(rows.Floats + ((keep.From + i) * _runner.Stride)).CopyTo(Row(_kept.Write(new RowRef(keep.Rows, keep.At + i))));
    }

    private void Blend(KvBlend blend)
    {
        if (blend.Range.Count == 0) return;
        for (var group = Geometry.GroupOf(blend.Range.Lo); group <= Geometry.GroupOf(blend.Range.Hi - 1); group++)
        {
            var (into, from) = (blend.Into.Pages(group), blend.From.Pages(group));
            for (var page = 0; page * Geometry.PageTokens < blend.Count; page++)
            {
                var count = Math.Min(Geometry.PageTokens, blend.Count - (page * Geometry.PageTokens));
                _arena.Blend(Spec, blend.Range, group, into[page], from[page], count, Spec.Blends[blend.Blend]);
            }
        }
    }

    private float* Hidden(int row) => _rows.Floats + (row * _runner.Stride);

    private Span<float> Row(float* start) => new(start, Spec.HiddenSize);
}
