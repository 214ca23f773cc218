using System.Globalization;

namespace InferenceServer.Models.Tests.Constraints;

/// <summary>Bounds of numbers against decimal arithmetic.</summary>
public sealed class NumberBoundTests
{
    private static readonly string[] Bounds = ["0", "1", "-1", "9", "10", "12.5", "-12.5", "0.05", "-0.05", "99.99", "100", "-100", "1e2", "25e-1", "1000000", "0.1"];

    private static readonly string[] Numbers =
    [
        "0", "0.0", "0.01", "0.05", "0.050", "0.051", "0.1", "0.10", "0.11", "0.5", "1", "1.0", "1.01", "2.5", "2.49", "9", "9.9", "10", "10.0", "11", "12.4", "12.5", "12.50", "12.51", "13", "25",
        "99", "99.98", "99.99", "99.999", "100", "100.1", "101", "199", "999999", "1000000", "1000001",
    ];

    [Theory]
    [InlineData("minimum")]
    [InlineData("maximum")]
    [InlineData("exclusiveMinimum")]
    [InlineData("exclusiveMaximum")]
    public void A_bound_lets_through_what_arithmetic_does(string keyword)
    {
        foreach (var bound in Bounds)
        {
            var constraint = Spelling.Schema($$"""{"type":"number","{{keyword}}":{{bound}}}""");
            foreach (var number in Numbers.Concat(Numbers.Select(number => "-" + number)))
            {
                var order = decimal.Parse(number, CultureInfo.InvariantCulture).CompareTo(decimal.Parse(bound, NumberStyles.Float, CultureInfo.InvariantCulture));
                var expected = keyword switch { "minimum" => order >= 0, "maximum" => order <= 0, "exclusiveMinimum" => order > 0, _ => order < 0 };
                Assert.True(expected == constraint.Accepts(number), $"{number} with {keyword} {bound}");
            }
        }
    }
}
