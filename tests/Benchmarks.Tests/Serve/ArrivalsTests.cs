using InferenceServer.Benchmarks.Serve;

namespace InferenceServer.Benchmarks.Tests.Serve;

public sealed class ArrivalsTests
{
    [Fact]
    public void Poisson_arrivals_have_the_rate_and_exponential_gaps()
    {
        var arrivals = Arrivals.Poisson(rate: 50, seconds: 1000, seed: 7).ToList();
        var gaps = arrivals.Skip(1).Zip(arrivals, (later, earlier) => later - earlier).ToList();
        var mean = gaps.Average();

        // 50,000 arrivals: the standard error of their number is 224.
        Assert.InRange(arrivals.Count, 49_000, 51_000);
        Assert.All(gaps, gap => Assert.True(gap >= 0));
        Assert.InRange(arrivals[^1], 999, 1000);
        // Of an exponential distribution the deviation is the mean, and a share of 1/e is longer than the mean.
        Assert.InRange(Math.Sqrt(gaps.Average(gap => (gap - mean) * (gap - mean))) / mean, 0.97, 1.03);
        Assert.InRange(gaps.Count(gap => gap > mean) / (double)gaps.Count, 0.358, 0.378);
    }

    [Fact]
    public void The_same_seed_gives_the_same_arrivals() =>
        Assert.Equal(Arrivals.Poisson(5, 10, seed: 3), Arrivals.Poisson(5, 10, seed: 3));

    [Fact]
    public void No_rate_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => Arrivals.Poisson(0, 10, 1).Any());
}
