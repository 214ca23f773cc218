using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>
/// The second implementation of the seam: one row, one layer, one formula at a time, in f32 with sums in double.
/// It shares no ordering with <see cref="SegmentPlanner"/>, checks what a batch promises (lengths, pages, rows), and
/// counts the work. Slow on purpose; for models of a few hundred thousand parameters.
/// </summary>
public sealed class ReferenceDecoder : IDecoder
{
    private readonly ReferenceWeights _weights = new();
    private readonly ReferenceRows _rows;
    private readonly ReferenceKv _kv;
    private readonly ReferenceLayer _layer;
    private readonly ReferenceNets _nets;
    private readonly long[] _rowsRun;

    public ReferenceDecoder(DecoderSpec spec, int pageCount, int pageTokens = KvGeometry.DefaultPageTokens)
    {
        Spec = spec;
        Geometry = KvGeometry.For(spec, pageTokens);
        PageCount = pageCount;
        _rows = new ReferenceRows(spec, _weights);
        _kv = new ReferenceKv(spec, Geometry, pageCount);
        _layer = new ReferenceLayer(spec, _weights, _kv);
        _nets = new ReferenceNets(spec, _weights, _rows);
        _rowsRun = new long[spec.Layers.Count];
    }

    public DecoderSpec Spec { get; }

    public KvGeometry Geometry { get; }

    public int PageCount { get; }

    /// <summary>A small number, so that tests of kept rows' memory need few of them.</summary>
    public int RowsPerPage => 4;

    /// <summary>Rows run through each layer so far.</summary>
    public IReadOnlyList<long> RowsRun => _rowsRun;

    /// <summary>Sets of kept rows that were not released.</summary>
    public int KeptSets => _rows.SetCount;

    public StepResult Run(StepBatch batch)
    {
        var groups = batch.Ops.OfType<RowGroup>().Where(group => group.Count > 0).ToList();
        foreach (var group in groups) Check(group);
        var active = new List<(RowGroup Group, float[][] Hidden)>();
        var held = new Dictionary<(KvTable Table, int Layer), int>();
        for (var boundary = 0; boundary <= Spec.Layers.Count; boundary++)
        {
            foreach (var (group, hidden) in active.Where(rows => rows.Group.Range.Hi == boundary)) KeepRows(group, hidden);
            active.RemoveAll(rows => rows.Group.Range.Hi == boundary);
            var here = groups.Where(group => group.Range.Lo == boundary).ToList();
            foreach (var group in here.Where(group => group.Range.Count == 0)) KeepRows(group, _rows.Read(group.In, group.Start));
            foreach (var net in batch.Ops.OfType<SideNetCall>().Where(net => net.Boundary == boundary)) _nets.Run(net);
            foreach (var group in here.Where(group => group.Range.Count > 0)) active.Add((group, _rows.Read(group.In, group.Start)));
            foreach (var (group, hidden) in active) RunLayer(boundary, group, hidden, held);
        }

        var heads = batch.Ops.OfType<HeadCall>().Select(RunHead).ToList();
        foreach (var blend in batch.Ops.OfType<KvBlend>()) Blend(blend);
        return new StepResult(heads);
    }

    public void CopyPages(ReadOnlySpan<(int From, int To)> pages)
    {
        foreach (var (from, to) in pages) _kv.Copy(from, to);
    }

    /// <summary>A kept row, [hidden].</summary>
    public float[] Kept(RowRef row) => _rows[row];

    public void Release(Rows rows, int below = int.MaxValue) => _rows.Release(rows, below);

    public void Dispose()
    {
    }

    private void RunLayer(int layer, RowGroup group, float[][] hidden, Dictionary<(KvTable, int), int> held)
    {
        // Positions the layer holds: what was accepted, and what earlier groups of this step have put behind it.
        var length = held.GetValueOrDefault((group.Kv, layer), group.Kv.Length(new LayerRange(layer, layer + 1)));
        if (group.Start > length)
            throw new InvalidOperationException(
                $"Rows start at position {group.Start}, but layer {layer} of KV table {group.Kv.Id} holds {length} positions.");
        _layer.Run(layer, group, hidden);
        held[(group.Kv, layer)] = Math.Max(length, group.Start + group.Count);
        _rowsRun[layer] += group.Count;
    }

    private void KeepRows(RowGroup group, float[][] hidden)
    {
        if (group.Keep is not { } keep) return;
        for (var i = 0; i < keep.Count; i++) _rows[new RowRef(keep.Rows, keep.At + i)] = hidden[keep.From + i];
    }

    private HeadResult RunHead(HeadCall call)
    {
        var head = Spec.Heads[call.Head];
        var row = Normalised(head, call.From);
        var mix = 0f;
        if (call.MixBase is { } mixBase)
        {
            var normedBase = Normalised(head, mixBase);
            mix = _nets.Weigh(Spec.Mixers[call.Mixer], normedBase, row);
            for (var i = 0; i < row.Length; i++) row[i] = ((1 - mix) * normedBase[i]) + (mix * row[i]);
        }

        var logits = _weights.Apply(head.Output, row);
        for (var i = 0; i < logits.Length; i++) logits[i] *= head.Scale;
        return Sampler.Sample(logits, call.Sample, mix);
    }

    private float[] Normalised(HeadSpec head, RowRef row) =>
        head.Norm is { } norm ? _weights.Normalise(norm, _rows[row]) : (float[])_rows[row].Clone();

    private void Blend(KvBlend blend)
    {
        var spec = Spec.Blends[blend.Blend];
        for (var layer = blend.Range.Lo; layer < blend.Range.Hi; layer++)
        {
            for (var position = 0; position < blend.Count; position++)
            {
                Lerp(_kv.Key(blend.Into, layer, position), _kv.Key(blend.From, layer, position), spec.KeyAlpha[layer]);
                Lerp(_kv.Value(blend.Into, layer, position), _kv.Value(blend.From, layer, position), spec.ValueAlpha[layer]);
            }
        }
    }

    private static void Lerp(Span<float> into, ReadOnlySpan<float> from, float alpha)
    {
        for (var i = 0; i < into.Length; i++) into[i] = (into[i] * (1 - alpha)) + (from[i] * alpha);
    }

    private void Check(RowGroup group)
    {
        var range = group.Range;
        if (range.Lo < 0 || range.Count < 0 || range.Hi > Spec.Layers.Count)
            throw new ArgumentException($"Layers {range} are outside the model's {Spec.Layers.Count}.");
        if (group.Start < 0 || group.Start + group.Count > Spec.MaxPositions)
            throw new ArgumentException($"Positions {group.Start}..{group.Start + group.Count - 1} exceed {Spec.MaxPositions}.");
        if (group.Keep is { } keep && (keep.From < 0 || keep.Count < 0 || keep.From + keep.Count > group.Count))
            throw new ArgumentException($"Cannot keep rows {keep.From}..{keep.From + keep.Count - 1} of {group.Count}.");
        if (group.Kv.Geometry != Geometry)
            throw new ArgumentException($"KV table {group.Kv.Id} was made for another geometry.");
    }
}
