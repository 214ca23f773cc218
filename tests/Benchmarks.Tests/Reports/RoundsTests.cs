using InferenceServer.Benchmarks.Reports;

namespace InferenceServer.Benchmarks.Tests.Reports;

public sealed class RoundsTests
{
    [Fact]
    public void Every_round_visits_every_cell_and_begins_with_another_one()
    {
        var visits = new List<int>();
        double Visit(int cell)
        {
            visits.Add(cell);
            return visits.Count;
        }

        var seconds = Rounds.Interleave(3, [() => Visit(0), () => Visit(1), () => Visit(2)]);

        Assert.Equal([0, 1, 2, 0, 1, 2, 1, 2, 0, 2, 0, 1], visits);
        // The first three visits warm up and are not counted.
        Assert.Equal([[4, 9, 11], [5, 7, 12], [6, 8, 10]], seconds);
    }
}
