namespace InferenceServer.Models.Decoding;

/// <summary>A group's rows within a segment: rows [Offset, Offset + Group.Count) of the segment's [RowCount, hidden].</summary>
public readonly record struct SegmentRows(RowGroup Group, int Offset);

/// <summary>
/// What happens at one layer boundary, in this order: groups leave, groups of no layers only have their rows kept,
/// side nets run, groups enter.
/// </summary>
/// <param name="Passing">Groups of an empty range: their input is kept as it is (ICoT-KD reads embeddings so).</param>
/// <param name="Active">Rows that run [Range) after the boundary: those that stay, in their old order, then those that enter.</param>
public sealed record Segment(
    LayerRange Range,
    IReadOnlyList<SegmentRows> Leaving,
    IReadOnlyList<RowGroup> Passing,
    IReadOnlyList<SideNetCall> SideNets,
    IReadOnlyList<SegmentRows> Active,
    int Entering,
    int RowCount);

/// <summary>
/// Cuts a step at every layer where rows enter or leave, so that a range shared by thinking and speaking rows is
/// run once for all of them and its weights are read once. Used by every engine.
/// </summary>
public static class SegmentPlanner
{
    /// <summary>Segments bottom to top; the last one runs no layers and only lets the topmost rows leave.</summary>
    public static IReadOnlyList<Segment> Plan(StepBatch batch)
    {
        var groups = batch.Ops.OfType<RowGroup>().Where(group => group.Count > 0).ToList();
        var nets = batch.Ops.OfType<SideNetCall>().ToList();
        var boundaries = new SortedSet<int>();
        foreach (var group in groups)
        {
            boundaries.Add(group.Range.Lo);
            boundaries.Add(group.Range.Hi);
        }

        foreach (var net in nets) boundaries.Add(net.Boundary);

        var segments = new List<Segment>();
        var active = new List<SegmentRows>();
        var cuts = boundaries.ToArray();
        for (var i = 0; i < cuts.Length; i++)
        {
            var boundary = cuts[i];
            var leaving = active.Where(rows => rows.Group.Range.Hi == boundary).ToList();
            var staying = active.Where(rows => rows.Group.Range.Hi != boundary).Select(rows => rows.Group).ToList();
            var passing = groups.Where(group => group.Range.Lo == boundary && group.Range.Count == 0).ToList();
            var entering = groups.Where(group => group.Range.Lo == boundary && group.Range.Count > 0).ToList();
            active = Place([.. staying, .. entering], out var rowCount);
            var range = new LayerRange(boundary, i + 1 < cuts.Length ? cuts[i + 1] : boundary);
            segments.Add(new Segment(
                range, leaving, passing, [.. nets.Where(net => net.Boundary == boundary)], active, entering.Count, rowCount));
        }

        return segments;
    }

    private static List<SegmentRows> Place(List<RowGroup> groups, out int rowCount)
    {
        var placed = new List<SegmentRows>(groups.Count);
        rowCount = 0;
        foreach (var group in groups)
        {
            placed.Add(new SegmentRows(group, rowCount));
            rowCount = checked(rowCount + group.Count);
        }

        return placed;
    }
}
