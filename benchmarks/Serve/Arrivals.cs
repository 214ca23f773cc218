namespace InferenceServer.Benchmarks.Serve;

/// <summary>When the requests of an open loop arrive.</summary>
internal static class Arrivals
{
    /// <summary>
    /// A Poisson process: gaps are exponential with mean 1 / <paramref name="rate"/>. Seconds in rising order, below
    /// <paramref name="seconds"/>; the same seed gives the same arrivals.
    /// </summary>
    public static IEnumerable<double> Poisson(double rate, double seconds, int seed)
    {
        if (!(rate > 0)) throw new ArgumentOutOfRangeException(nameof(rate), rate, "Requests a second must be more than none.");
        var random = new Random(seed);
        var at = 0.0;
        while (true)
        {
            at -= Math.Log(1 - random.NextDouble()) / rate;
            if (at >= seconds) yield break;
            yield return at;
        }
    }
}
