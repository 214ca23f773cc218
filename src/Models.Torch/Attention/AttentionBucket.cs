using InferenceServer.Models.Decoding;
using InferenceServer.Models.Torch.Memory;

namespace InferenceServer.Models.Torch.Attention;

/// <summary>
/// Sequences [B] with as many new rows each, [n], padded to <see cref="Length"/> positions; which slots hold their keys,
/// and which positions a row does not see.
/// </summary>
internal sealed class AttentionBucket
{
    private readonly Dictionary<int, Tensor?> _hidden = [];
    private readonly TorchDevice _device;
    private readonly IReadOnlyList<SegmentRows> _groups;
    private readonly int _firstGroup;
    private readonly long[] _start;
    private readonly Tensor? _slots;
    private readonly Tensor? _index;

    public AttentionBucket(Segment segment, IReadOnlyList<SegmentRows> groups, KvGeometry geometry, KvStore kv, TorchDevice device)
    {
        (_groups, _device) = (groups, device);
        Sequences = groups.Count;
        Rows = groups[0].Group.Count;
        Length = groups.Max(AttentionBuckets.Length);
        First = groups[0].Offset;
        if (Enumerable.Range(0, Sequences).Any(i => groups[i].Offset != First + (i * Rows)))
            _index = device.Upload([.. groups.SelectMany(rows => Enumerable.Range(rows.Offset, Rows)).Select(row => (long)row)]);

        _firstGroup = geometry.GroupOf(segment.Range.Lo);
        _start = [.. Enumerable.Range(_firstGroup, geometry.GroupOf(segment.Range.Hi - 1) - _firstGroup + 1).Select(FirstSlot)];
        if (_start.Any(start => start < 0)) _slots = Slots(geometry, kv.ZeroSlot);

        // A sequence alone on pages that follow each other is read where it lies.
        long FirstSlot(int layerGroup)
        {
            if (Sequences > 1) return -1;
            var pages = groups[0].Group.Kv.Pages(layerGroup);
            for (var page = 1; page < geometry.PagesFor(Length); page++)
            {
                if (pages[page] != pages[0] + page) return -1;
            }

            return (long)pages[0] * geometry.PageTokens;
        }
    }

    public int Sequences { get; }

    /// <summary>Rows of each sequence.</summary>
    public int Rows { get; }

    public int Length { get; }

    /// <summary>Whether the rows follow each other in the segment, from <see cref="First"/> on.</summary>
    public bool InOrder => _index is null;

    public int First { get; }

    /// <summary>The bucket's rows of x [rows of the segment, …].</summary>
    public Tensor Take(Tensor x) => _index is null ? x.narrow(0, First, Sequences * Rows) : x.index_select(0, _index);

    /// <summary>Puts the bucket's rows back where they belong.</summary>
    public void Put(Tensor x, Tensor rows)
    {
        if (_index is null) x.narrow(0, First, Sequences * Rows).copy_(rows);
        else x.index_copy_(0, _index, rows);
    }

    /// <summary>Keys or values of positions [0, Length), [kv heads, B·Length, head size].</summary>
    public Tensor Gather(Tensor memory, int layerGroup)
    {
        var at = layerGroup - _firstGroup;
        return _start[at] >= 0 ? memory.narrow(1, _start[at], Length) : memory.index_select(1, _slots!.select(0, at));
    }

    /// <summary>Positions that a row must not see, [1, B, n, 1, Length]; null where all see all.</summary>
    public Tensor? Hidden(int? window) => _hidden[window ?? 0];

    /// <summary>Makes the mask of a window, in the scope of the caller.</summary>
    public void Prepare(int? window)
    {
        if (!_hidden.ContainsKey(window ?? 0)) _hidden.Add(window ?? 0, Mask(window));
    }

    /// <summary>One past the last position that row <paramref name="row"/> of the only sequence sees.</summary>
    public int End(int row) => End(_groups[0].Group, row);

    private static int End(RowGroup group, int row) => group.Start + (group.Mask == RowMask.Full ? group.Count : row + 1);

    private Tensor? Mask(int? window)
    {
        var (ends, begins) = (new long[Sequences * Rows], new long[Sequences * Rows]);
        for (var i = 0; i < ends.Length; i++)
        {
            var group = _groups[i / Rows].Group;
            ends[i] = End(group, i % Rows);
            begins[i] = window is { } width ? Math.Max(0, group.Start + (i % Rows) - width + 1) : 0;
        }

        if (ends.All(end => end == Length) && begins.All(begin => begin == 0)) return null;
        var positions = _device.Range(Length);
        var hidden = positions.ge(_device.Upload(ends).view(1, Sequences, Rows, 1, 1));
        return begins.All(begin => begin == 0)
            ? hidden
            : hidden.logical_or_(positions.lt(_device.Upload(begins).view(1, Sequences, Rows, 1, 1)));
    }

    /// <summary>Slots of all positions per layer group, [groups, B·Length]; beyond a sequence's end the slot of zeros.</summary>
    private Tensor Slots(KvGeometry geometry, long zeroSlot)
    {
        var width = geometry.PagesFor(Length);
        var pages = new long[checked(_start.Length * Sequences * width)];
        for (var layerGroup = 0; layerGroup < _start.Length; layerGroup++)
        {
            for (var i = 0; i < Sequences; i++)
            {
                var own = _groups[i].Group.Kv.Pages(_firstGroup + layerGroup);
                var to = pages.AsSpan(((layerGroup * Sequences) + i) * width);
                for (var page = 0; page < geometry.PagesFor(AttentionBuckets.Length(_groups[i])); page++)
                    to[page] = (long)own[page] * geometry.PageTokens;
            }
        }

        var tokens = _device.Range(geometry.PageTokens);
        var slots = _device.Upload(pages).view(_start.Length, Sequences, width, 1).add(tokens)
            .view(_start.Length, Sequences, width * geometry.PageTokens).narrow(2, 0, Length);
        using var zero = zeroSlot.ToScalar();
        long[] lengths = [.. _groups.Select(rows => (long)AttentionBuckets.Length(rows))];
        var beyond = _device.Range(Length).ge(_device.Upload(lengths).view(1, Sequences, 1));
        return slots.masked_fill(beyond, zero).reshape(_start.Length, Sequences * Length);
    }
}
