using System.Globalization;

namespace InferenceServer.Benchmarks.Reports;

/// <summary>Maps values to a stretch of the sheet, linear from zero or by decades.</summary>
/// <param name="Low">Smallest value; above 0 where logarithmic.</param>
/// <param name="From">Where it lies on the sheet.</param>
/// <param name="To">Where <paramref name="High"/> lies.</param>
internal sealed record Axis(double Low, double High, double From, double To, bool Logarithmic)
{
    public static Axis Linear(IEnumerable<double> values, double from, double to)
    {
        var most = values.Where(double.IsFinite).DefaultIfEmpty(1).Max();
        return new Axis(0, most > 0 ? 1.05 * most : 1, from, to, Logarithmic: false);
    }

    /// <summary>A tenth of room beyond both ends.</summary>
    public static Axis Decades(IEnumerable<double> values, double from, double to)
    {
        var positive = values.Where(value => double.IsFinite(value) && value > 0).DefaultIfEmpty(1).ToList();
        return new Axis(positive.Min() / 1.4, positive.Max() * 1.4, from, to, Logarithmic: true);
    }

    public double At(double value)
    {
        var share = Logarithmic ? Math.Log(value / Low) / Math.Log(High / Low) : (value - Low) / (High - Low);
        return From + (share * (To - From));
    }

    /// <summary>Round values along the axis: 1, 2, 5 times powers of ten.</summary>
    public IEnumerable<double> Ticks()
    {
        if (!Logarithmic)
        {
            var step = Step((High - Low) / 5);
            for (var i = 0; Low + (i * step) <= High; i++) yield return Low + (i * step);
            yield break;
        }

        var dense = High / Low < 300;
        for (var power = Math.Floor(Math.Log10(Low)); power <= Math.Log10(High); power++)
        {
            foreach (var digit in dense ? (double[])[1, 2, 5] : [1])
            {
                var tick = digit * Math.Pow(10, power);
                if (tick >= Low && tick <= High) yield return tick;
            }
        }
    }

    public static string Label(double tick) => tick switch
    {
        >= 10_000 => string.Create(CultureInfo.InvariantCulture, $"{tick / 1000:0.##}k"),
        _ => tick.ToString("0.###", CultureInfo.InvariantCulture),
    };

    private static double Step(double rough)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        return (rough / power) switch { <= 1 => power, <= 2 => 2 * power, <= 5 => 5 * power, _ => 10 * power };
    }
}
