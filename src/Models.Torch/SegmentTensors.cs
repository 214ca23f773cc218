using InferenceServer.Models.Decoding;
using InferenceServer.Models.Torch.Attention;
using InferenceServer.Models.Torch.Memory;

namespace InferenceServer.Models.Torch;

/// <summary>
/// What the layers of a segment share: where its rows sit in their sequences and in KV memory. Uploaded once, so that a
/// layer costs no traffic with the host.
/// </summary>
internal sealed class SegmentTensors
{
    private readonly Dictionary<RopeTensors, (Tensor Cos, Tensor Sin)> _ropes = [];
    private readonly KvGeometry _geometry;
    private readonly int _firstGroup;
    private readonly long[] _positions;
    private readonly bool[] _isLong;
    private readonly Tensor _slots;

    public SegmentTensors(Segment segment, KvGeometry geometry, KvStore kv, TorchDevice device)
    {
        (Segment, _geometry) = (segment, geometry);
        _firstGroup = geometry.GroupOf(segment.Range.Lo);
        var layerGroups = geometry.GroupOf(segment.Range.Hi - 1) - _firstGroup + 1;
        var rows = segment.RowCount;
        (_positions, _isLong) = (new long[rows], new bool[rows]);
        var slots = new long[checked(layerGroups * rows)];
        foreach (var (group, offset) in segment.Active)
        {
            for (var i = 0; i < group.Count; i++) (_positions[offset + i], _isLong[offset + i]) = (group.Start + i, group.Kv.IsLong);
            for (var layerGroup = 0; layerGroup < layerGroups; layerGroup++)
            {
                var pages = group.Kv.Pages(_firstGroup + layerGroup);
                for (var i = 0; i < group.Count; i++)
                {
                    var (page, token) = Math.DivRem(group.Start + i, geometry.PageTokens);
                    slots[(layerGroup * rows) + offset + i] = ((long)pages[page] * geometry.PageTokens) + token;
                }
            }
        }

        _slots = device.Upload(slots).view(layerGroups, rows);
        Buckets = AttentionBuckets.Of(segment, geometry, kv, device);
    }

    public Segment Segment { get; }

    public IReadOnlyList<AttentionBucket> Buckets { get; }

    /// <summary>Where a layer writes the keys and values of the rows, [rows].</summary>
    public Tensor Slots(int layer) => _slots.select(0, _geometry.GroupOf(layer) - _firstGroup);

    /// <summary>Makes what a layer of this kind needs, in the scope of the caller.</summary>
    public void Prepare(RopeTensors? rope, int? window)
    {
        if (rope is not null && !_ropes.ContainsKey(rope)) _ropes.Add(rope, rope.Rows(_positions, _isLong));
        foreach (var bucket in Buckets) bucket.Prepare(window);
    }

    /// <summary>Turns heads [rows, heads, head size] in f32; what they hold may be overwritten.</summary>
    public Tensor Turn(Tensor heads, RopeTensors rope) => rope.Turn(heads, _ropes[rope]);
}
