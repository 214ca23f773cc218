using System.Globalization;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Torch.Memory;
using InferenceServer.Models.Torch.Nets;
using InferenceServer.Models.Torch.Sampling;
using InferenceServer.Models.Torch.Weights;

namespace InferenceServer.Models.Torch;

/// <summary>
/// The seam on libtorch: weights, KV, kept rows and draws stay on the device, and a step sends back ids and
/// log-probabilities once. Unlike the CPU engine's, a row's last bits depend on its company, because a library's products
/// do (docs/gpu.md).
/// </summary>
internal sealed class TorchDecoder : IDecoder
{
    private readonly WeightUpload _weights;
    private readonly KvStore _kv;
    private readonly RowStore _kept;
    private readonly LayerRunner _runner;
    private readonly HeadRunner _heads;
    private readonly SideNet[] _nets;
    private readonly RowEntry _entry;
    private readonly BlendRunner _blends;
    private readonly StepValidator _validator;
    private readonly TorchDevice _device;
    private bool _disposed;

    /// <summary>Moves the weights to the device and reserves the KV pages there.</summary>
    /// <param name="progress">How far the weights are moved.</param>
    /// <param name="pages">How many pages; asked once the weights are in place.</param>
    public TorchDecoder(
        DecoderSpec spec, TorchDevice device, Func<int> pages, IProgress<LoadProgress>? progress = null, int pageTokens = KvGeometry.DefaultPageTokens)
    {
        (Spec, _device) = (spec, device);
        Geometry = KvGeometry.For(spec, pageTokens);
        using var quiet = torch.no_grad();
        _weights = new WeightUpload(device);
        _kept = new RowStore(device, spec.HiddenSize);
        try
        {
            var layers = new LayerTensors[spec.Layers.Count];
            var (read, total) = (0L, StoredBytes(ModelMatrices.Of(spec)));
            for (var layer = 0; layer < layers.Length; layer++)
            {
                // The disk fetches the next layer while this one is moved.
                foreach (var matrix in spec.Layers.Skip(layer + 1).Take(1).SelectMany(ModelMatrices.Of)) matrix.Expect();
                layers[layer] = new LayerTensors(_weights, spec.Layers[layer]);
                progress?.Report(new LoadProgress(read += StoredBytes(ModelMatrices.Of(spec.Layers[layer])), total));
            }

            _entry = new RowEntry(spec, _weights, _kept);
            _heads = new HeadRunner(spec, _weights, _kept);
            _nets = [.. spec.SideNets.Select(net => SideNet.Create(net, _weights, _kept))];
            var adapters = new AdapterTensors(_weights, spec);
            _kv = new KvStore(spec, Geometry, pages(), device);
            _blends = new BlendRunner(spec, Geometry, _kv, device);
            _runner = new LayerRunner(layers, adapters, spec, Geometry, _kv, device);
            progress?.Report(new LoadProgress(total, total));
        }
        catch
        {
            _weights.Dispose();
            _kept.Dispose();
            throw;
        }

        _validator = new StepValidator(spec, Geometry, PageCount, _kept.Contains);
    }

    public DecoderSpec Spec { get; }

    public KvGeometry Geometry { get; }

    public int PageCount => _kv.PageCount;

    /// <inheritdoc/>
    public int RowsPerPage =>
        (int)Math.Clamp(KvStore.BytesPerPage(Spec, Geometry, _device.ElementSize) / (sizeof(float) * (long)Spec.HiddenSize), 1, int.MaxValue);

    public long WeightBytes => _weights.Bytes;

    /// <summary>Bytes set aside for kept rows; they are used again and never given back.</summary>
    public long KeptRowBytes => _kept.Bytes;

    /// <summary>One line for the start-up log.</summary>
    public string Description => string.Create(
        CultureInfo.InvariantCulture,
        $"{_device.Name}: {_device.DType} weights ({WeightBytes / 1e6:F0} MB), {PageCount} KV pages of "
        + $"{KvStore.BytesPerPage(Spec, Geometry, _device.ElementSize) / 1024.0:F0} KB");

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">
    /// The step asks for something the model, the arena or the kept rows do not have; nothing was written.
    /// </exception>
    public StepResult Run(StepBatch batch)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var segments = SegmentPlanner.Plan(batch);
        _validator.Check(batch, segments);
        using var quiet = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        Tensor? rows = null;
        for (var i = 0; i < segments.Count; i++) rows = RunSegment(i == 0 ? null : segments[i - 1], segments[i], rows);

        var heads = _heads.Run([.. batch.Ops.OfType<HeadCall>()]);
        foreach (var blend in batch.Ops.OfType<KvBlend>()) _blends.Run(blend);
        return new StepResult(heads);
    }

    /// <inheritdoc/>
    public void CopyPages(ReadOnlySpan<(int From, int To)> pages)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var quiet = torch.no_grad();
        _kv.Copy(pages);
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
        _runner.Dispose();
        _kv.Dispose();
        _kept.Dispose();
        _weights.Dispose();
        _device.Dispose();
    }

    /// <summary>What happens at the segment's boundary, then its layers.</summary>
    /// <param name="rows">[rows of the segment before, hidden] as its layers left them.</param>
    /// <returns>[rows, hidden] as this segment's layers leave them.</returns>
    private Tensor? RunSegment(Segment? before, Segment segment, Tensor? rows)
    {
        using var scope = torch.NewDisposeScope();
        if (rows is not null) Keep(rows, segment.Leaving);
        var offset = 0;
        var passing = segment.Passing.Select(group => new SegmentRows(group, (offset += group.Count) - group.Count)).ToList();
        if (passing.Any(entry => entry.Group.Keep is not null)) Keep(_entry.Fill(segment.Passing), passing);
        foreach (var calls in SideNetBatches.Of(segment.SideNets)) _nets[calls[0].Net].Run(calls[0].Index, calls);
        if (segment.RowCount == 0) return null;

        var active = Enter(before, segment, rows);
        _runner.Run(segment, active);
        return scope.MoveToOuter(active);
    }

    /// <summary>Rows that stay, then those that enter: a copy, which the layers change in place.</summary>
    private Tensor Enter(Segment? before, Segment segment, Tensor? rows)
    {
        var staying = segment.Active.Count - segment.Entering;
        var entering = segment.Active.Skip(staying).Select(entry => entry.Group).ToList();
        var entered = entering.Count == 0 ? null : _entry.Fill(entering);
        if (staying == 0) return entered!;

        var index = new List<long>();
        var old = 0;
        for (var i = 0; i < staying; i++)
        {
            var group = segment.Active[i].Group;
            while (!ReferenceEquals(before!.Active[old].Group, group)) old++;
            var from = before.Active[old++].Offset;
            for (var row = 0; row < group.Count; row++) index.Add(from + row);
        }

        var stayed = rows!.index_select(0, _device.Upload([.. index]));
        return entered is null ? stayed : torch.cat([stayed, entered], 0);
    }

    private void Keep(Tensor rows, IReadOnlyList<SegmentRows> groups)
    {
        var (from, to) = (new List<long>(), new List<long>());
        foreach (var (group, offset) in groups)
        {
            if (group.Keep is not { } keep) continue;
            for (var i = 0; i < keep.Count; i++)
            {
                from.Add(offset + keep.From + i);
                to.Add(_kept.NewSlot(new RowRef(keep.Rows, keep.At + i)));
            }
        }

        if (from.Count > 0) _kept.Write([.. to], rows.index_select(0, _device.Upload([.. from])));
    }

    private static long StoredBytes(IEnumerable<Matrix> matrices) =>
        matrices.Distinct().Sum(matrix => (long)matrix.Rows * matrix.Columns * matrix.Source.ElementSize);
}
