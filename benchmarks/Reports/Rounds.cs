using System.Diagnostics;

namespace InferenceServer.Benchmarks.Reports;

/// <summary>Measures cells in turns, so that the machine's moods touch all of them alike.</summary>
internal static class Rounds
{
    /// <summary>
    /// Each round visits every cell once and begins with another one: caches are as the cell before left them. A round
    /// before the first is not counted.
    /// </summary>
    /// <param name="cells">Each does its work and returns seconds.</param>
    /// <returns>[cells][rounds]</returns>
    public static double[][] Interleave(int rounds, IReadOnlyList<Func<double>> cells)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        var seconds = cells.Select(_ => new double[rounds]).ToArray();
        for (var round = -1; round < rounds; round++)
        {
            for (var turn = 0; turn < cells.Count; turn++)
            {
                var cell = (turn + Math.Max(round, 0)) % cells.Count;
                var took = cells[cell]();
                if (round >= 0) seconds[cell][round] = took;
            }
        }

        return seconds;
    }

    /// <summary>Seconds a call, over <paramref name="times"/> calls.</summary>
    public static double Seconds(Action action, int times = 1)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < times; i++) action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds / times;
    }
}
