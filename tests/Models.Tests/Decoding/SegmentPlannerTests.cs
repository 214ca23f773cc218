using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Decoding;

public class SegmentPlannerTests
{
    private static readonly KvGeometry Geometry = new(4, 1, 8);

    [Fact]
    public void Thinking_and_speaking_rows_share_the_lower_layers()
    {
        var think = Group(0, 3, 2);
        var speak = Group(0, 8, 5);
        var segments = SegmentPlanner.Plan(new StepBatch([think, speak]));
        Assert.Equal([new LayerRange(0, 3), new LayerRange(3, 8), new LayerRange(8, 8)], segments.Select(segment => segment.Range));
        Assert.Equal([7, 5, 0], segments.Select(segment => segment.RowCount));
        Assert.Equal([new SegmentRows(think, 0), new SegmentRows(speak, 2)], segments[0].Active);
        Assert.Equal([new SegmentRows(think, 0)], segments[1].Leaving);
        Assert.Equal([new SegmentRows(speak, 0)], segments[1].Active);
    }

    [Fact]
    public void Every_group_runs_its_layers_once_in_gapless_rows_whatever_else_runs()
    {
        var random = new Random(3);
        for (var i = 0; i < 300; i++)
        {
            var groups = Enumerable.Range(0, random.Next(1, 8)).Select(_ =>
            {
                var lo = random.Next(0, 8);
                return Group(lo, random.Next(lo, 9), random.Next(0, 4));
            }).ToList();
            var segments = SegmentPlanner.Plan(new StepBatch(groups));
            foreach (var group in groups.Where(group => group.Count > 0))
            {
                var layers = segments.Where(segment => segment.Active.Any(rows => ReferenceEquals(rows.Group, group)))
                    .SelectMany(segment => Enumerable.Range(segment.Range.Lo, segment.Range.Count));
                Assert.Equal(Enumerable.Range(group.Range.Lo, group.Range.Count), layers);
                var left = segments.Count(segment => segment.Leaving.Any(rows => ReferenceEquals(rows.Group, group)));
                var passed = segments.Count(segment => segment.Passing.Any(passing => ReferenceEquals(passing, group)));
                Assert.Equal(group.Range.Count > 0 ? (1, 0) : (0, 1), (left, passed));
            }

            for (var s = 0; s < segments.Count; s++)
            {
                var offset = 0;
                foreach (var rows in segments[s].Active)
                {
                    Assert.Equal(offset, rows.Offset);
                    offset += rows.Group.Count;
                }

                Assert.Equal(offset, segments[s].RowCount);
                // Those who leave lie where the segment before had them.
                Assert.All(segments[s].Leaving, rows => Assert.Contains(rows, segments[s - 1].Active));
                Assert.All(segments[s].Active.SkipLast(segments[s].Entering), rows => Assert.True(rows.Group.Range.Lo < segments[s].Range.Lo));
                Assert.All(segments[s].Active.TakeLast(segments[s].Entering), rows => Assert.Equal(segments[s].Range.Lo, rows.Group.Range.Lo));
            }
        }
    }

    [Fact]
    public void A_side_net_cuts_at_its_boundary()
    {
        var net = new SideNetCall(0, 0, 2, new RowRef(new Rows(0), 0), new RowRef(new Rows(1), 0));
        var segments = SegmentPlanner.Plan(new StepBatch([Group(0, 4, 1), net]));
        Assert.Equal([0, 2, 4], segments.Select(segment => segment.Range.Lo));
        Assert.Equal([net], segments[1].SideNets);
    }

    private static RowGroup Group(int lo, int hi, int rows) => new(
        new KvTable(0, Geometry), new LayerRange(lo, hi), 0, new TokenRows(new int[rows]), RowMask.Causal, RowGroup.NoAdapter, null);
}
