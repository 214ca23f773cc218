using InferenceServer.Benchmarks.Reports;

namespace InferenceServer.Benchmarks.Tests.Reports;

public sealed class AxisTests
{
    [Fact]
    public void A_logarithmic_axis_gives_every_factor_the_same_room()
    {
        var axis = new Axis(1, 10_000, 0, 400, Logarithmic: true);

        Assert.Equal(0, axis.At(1), 9);
        Assert.Equal(100, axis.At(10), 9);
        Assert.Equal(400, axis.At(10_000), 9);
        Assert.Equal([1, 10, 100, 1000, 10_000], axis.Ticks());
    }

    [Fact]
    public void A_linear_axis_has_round_ticks_from_zero() =>
        Assert.Equal([0, 50, 100, 150, 200], Axis.Linear([3, 200], 0, 1).Ticks());
}
