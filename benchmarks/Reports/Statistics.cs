namespace InferenceServer.Benchmarks.Reports;

/// <summary>Medians, percentiles and paired ratios of what rounds measured.</summary>
internal static class Statistics
{
    public static double Median(IEnumerable<double> values) => Percentile(values, 50);

    /// <summary>
    /// Linear between the two nearest ranks (rank p/100·(n − 1) of the sorted values, Hyndman and Fan's definition 7);
    /// NaN of nothing.
    /// </summary>
    /// <param name="percent">0 to 100.</param>
    public static double Percentile(IEnumerable<double> values, double percent)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(percent);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(percent, 100);
        var sorted = values.Order().ToArray();
        if (sorted.Length == 0) return double.NaN;
        var rank = percent / 100 * (sorted.Length - 1);
        var below = (int)rank;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((rank - below) * (sorted[above] - sorted[below]));
    }

    /// <summary>Median of the rounds' own ratios, so that what slowed a whole round down cancels out.</summary>
    public static double MedianRatio(IReadOnlyList<double> some, IReadOnlyList<double> others) => Median(Ratios(some, others));

    public static IEnumerable<double> Ratios(IReadOnlyList<double> some, IReadOnlyList<double> others) => some.Count == others.Count
        ? some.Zip(others, (one, other) => one / other)
        : throw new ArgumentException($"{some.Count} rounds against {others.Count}: pairs are of one round.", nameof(others));
}
