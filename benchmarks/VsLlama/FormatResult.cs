using System.Globalization;

namespace InferenceServer.Benchmarks.VsLlama;

/// <summary>Tokens per second of one weight format, a list a cell and side; side 0 is the peer.</summary>
internal sealed class FormatResult(GgufType type, IReadOnlyList<string> sides, double peerLoad, IReadOnlyList<double> loads)
{
    private readonly Dictionary<(int Cell, int Side), List<double>> _speeds = [];

    public GgufType Type => type;

    /// <summary>Names of our sides.</summary>
    public IReadOnlyList<string> Sides => sides;

    public void Add(int cell, double[] seconds, int tokens)
    {
        for (var side = 0; side < seconds.Length; side++)
        {
            if (!_speeds.TryGetValue((cell, side), out var speeds)) _speeds[(cell, side)] = speeds = [];
            speeds.Add(tokens / seconds[side]);
        }
    }

    /// <summary>Median of the rounds' ratios to the peer.</summary>
    public double Ratio(int side, int cell) => Ratios(side, cell)[1];

    public void Print(IReadOnlyList<string> cells)
    {
        for (var cell = 0; cell < cells.Count; cell++)
        {
            Console.Write(string.Create(CultureInfo.InvariantCulture, $"| {type} | {cells[cell]} | {Median(_speeds[(cell, 0)]):F0} |"));
            for (var side = 0; side < sides.Count; side++)
            {
                var (low, ratio, high) = Ratios(side, cell) is [var a, var b, var c] ? (a, b, c) : default;
                Console.Write(string.Create(CultureInfo.InvariantCulture, $" {Median(_speeds[(cell, side + 1)]):F0} ({ratio:F2}, {low:F2}-{high:F2}) |"));
            }

            Console.WriteLine();
        }

        Console.Write(string.Create(CultureInfo.InvariantCulture, $"| {type} | load, s | {peerLoad:F2} |"));
        Console.WriteLine(string.Concat(loads.Select(load => string.Create(CultureInfo.InvariantCulture, $" {load:F2} |"))));
    }

    /// <summary>Smallest, median and largest.</summary>
    private double[] Ratios(int side, int cell)
    {
        var ratios = _speeds[(cell, side + 1)].Zip(_speeds[(cell, 0)], (ours, theirs) => ours / theirs).ToList();
        return [ratios.Min(), Median(ratios), ratios.Max()];
    }

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
