using InferenceServer.Benchmarks.Reports;

namespace InferenceServer.Benchmarks.Tests.Reports;

public sealed class StatisticsTests
{
    // numpy.percentile of the same numbers.
    [Theory]
    [InlineData(0, 1)]
    [InlineData(50, 3.5)]
    [InlineData(90, 7.5)]
    [InlineData(99, 9.75)]
    [InlineData(100, 10)]
    public void Percentiles_are_those_of_numpy(double percent, double expected) =>
        Assert.Equal(expected, Statistics.Percentile([10, 2, 1, 5, 3, 4], percent), 12);

    [Fact]
    public void Median_of_an_odd_number_is_the_one_in_the_middle() => Assert.Equal(3, Statistics.Median([9, 1, 3]));

    [Fact]
    public void Nothing_has_no_percentile() => Assert.True(double.IsNaN(Statistics.Percentile([], 50)));

    [Fact]
    public void A_ratio_is_paired_by_round()
    {
        // The machine was three times as slow in the second round: medians of each side would say 2/2 = 1.
        Assert.Equal(2, Statistics.MedianRatio([2, 6, 2], [1, 3, 2]));
        Assert.Throws<ArgumentException>(() => Statistics.MedianRatio([1, 2], [1]));
    }
}
