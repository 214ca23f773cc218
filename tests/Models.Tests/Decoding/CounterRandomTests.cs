using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Decoding;

public class CounterRandomTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Draws_are_uniform_along_each_coordinate(int coordinate)
    {
        var counts = new int[100];
        for (uint i = 0; i < 100_000; i++) counts[(int)(100 * At(coordinate, i))]++;
        // 99 degrees of freedom: beyond 149 in one of a thousand fair trials.
        Assert.InRange(counts.Sum(count => Math.Pow(count - 1000, 2) / 1000), 50, 149);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Neighbours_are_independent(int coordinate)
    {
        var counts = new int[10, 10];
        for (uint i = 0; i < 100_000; i++) counts[(int)(10 * At(coordinate, i)), (int)(10 * At(coordinate, i + 1))]++;
        Assert.InRange(counts.Cast<int>().Sum(count => Math.Pow(count - 1000, 2) / 1000), 50, 149);
    }

    [Fact]
    public void The_same_name_is_the_same_draw_and_lies_in_the_unit_interval()
    {
        for (uint i = 0; i < 1000; i++)
        {
            var draw = CounterRandom.Uniform(ulong.MaxValue - i, i, uint.MaxValue);
            Assert.InRange(draw, 0, 1 - double.Epsilon);
            Assert.Equal(draw, CounterRandom.Uniform(ulong.MaxValue - i, i, uint.MaxValue));
        }
    }

    private static double At(int coordinate, uint i) =>
        CounterRandom.Uniform(coordinate == 0 ? i : 7, coordinate == 1 ? i : 1, coordinate == 2 ? i : 0);
}
