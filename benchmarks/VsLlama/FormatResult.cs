using System.Globalization;
using InferenceServer.Benchmarks.Reports;

namespace InferenceServer.Benchmarks.VsLlama;

/// <summary>Tokens per second of one weight format, a list a cell and side; side 0 is the peer.</summary>
internal sealed class FormatResult(GgufType type, int sides, double peerLoad, IReadOnlyList<double> loads)
{
    private readonly Dictionary<(int Cell, int Side), List<double>> _speeds = [];

    public GgufType Type => type;

    public void Add(int cell, double[] seconds, int tokens)
    {
        for (var side = 0; side < seconds.Length; side++)
        {
            if (!_speeds.TryGetValue((cell, side), out var speeds)) _speeds[(cell, side)] = speeds = [];
            speeds.Add(tokens / seconds[side]);
        }
    }

    /// <summary>Median of the rounds' ratios to the peer.</summary>
    /// <param name="side">Of ours, from 0.</param>
    public double Ratio(int side, int cell) => Statistics.MedianRatio(_speeds[(cell, side + 1)], _speeds[(cell, 0)]);

    /// <summary>A row a cell: the peer's speed, then ours with the ratio and its range.</summary>
    public void Print(MarkdownTable table, IReadOnlyList<string> cells)
    {
        for (var cell = 0; cell < cells.Count; cell++)
        {
            var columns = new List<string> { $"{type}".ToLowerInvariant(), cells[cell], MarkdownTable.Number(Statistics.Median(_speeds[(cell, 0)])) };
            for (var side = 0; side < sides; side++)
            {
                var ratios = Statistics.Ratios(_speeds[(cell, side + 1)], _speeds[(cell, 0)]).ToList();
                columns.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{MarkdownTable.Number(Statistics.Median(_speeds[(cell, side + 1)]))} ({Statistics.Median(ratios):F2}, {ratios.Min():F2}-{ratios.Max():F2})"));
            }

            table.Row(columns);
        }

        table.Row([$"{type}".ToLowerInvariant(), "load, s", MarkdownTable.Number(peerLoad), .. loads.Select(MarkdownTable.Number)]);
    }
}
