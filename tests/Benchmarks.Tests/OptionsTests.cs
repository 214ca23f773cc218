using InferenceServer.Models.Cpu;

namespace InferenceServer.Benchmarks.Tests;

public sealed class OptionsTests
{
    private static readonly string[] Known = ["--rounds N", "--formats LIST", "--quick"];

    [Fact]
    public void Options_are_read_by_name()
    {
        var options = new Options(["--quick", "--rounds", "3", "--formats", "int8,bf16"], Known);

        Assert.True(options.Quick);
        Assert.Equal(3, options.Number("--rounds", 7));
        Assert.Equal([WeightFormat.Q8, WeightFormat.BF16], options.Formats());
    }

    [Theory]
    [InlineData("--round", "3")]
    [InlineData("--rounds")]
    public void What_is_not_an_option_or_lacks_its_value_is_refused(params string[] arguments) =>
        Assert.Throws<ArgumentException>(() => new Options(arguments, Known));

    [Fact]
    public void A_number_that_is_none_is_refused() =>
        Assert.Throws<ArgumentException>(() => new Options(["--rounds", "many"], Known).Number("--rounds", 1));
}
