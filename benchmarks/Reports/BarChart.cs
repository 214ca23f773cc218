using System.Globalization;

namespace InferenceServer.Benchmarks.Reports;

/// <summary>Groups of bars, one bar a series.</summary>
internal static class BarChart
{
    private const int BarWidth = 26;
    private const int Gap = 28;
    private const int Height = 260;
    private const int Left = 24;

    /// <param name="groups">[groups], under the bars.</param>
    /// <param name="series">A name and a value a group; NaN = no bar.</param>
    /// <param name="mark">Where a line crosses the chart, such as 1 in a chart of ratios.</param>
    public static string Draw(
        string title, string unit, IReadOnlyList<string> groups, IReadOnlyList<(string Name, double[] Values)> series, double? mark = null)
    {
        var most = series.SelectMany(one => one.Values).Where(double.IsFinite).Append(mark ?? 0).Max();
        if (most <= 0) most = 1;
        var widest = groups.Select(group => group.Length).DefaultIfEmpty(0).Max() * 7;
        var groupWidth = Math.Max(series.Count * BarWidth, widest) + Gap;
        var width = Math.Max(Svg.Width(title), (2 * Left) + (groups.Count * groupWidth));
        // The legend decides how far down the bars begin, so it is laid out once to be measured.
        var top = new Svg(width, 0, title).Legend(width, [.. series.Select(one => one.Name)], unit) + 18;
        var svg = new Svg(width, top + Height + 32, title);
        svg.Legend(width, [.. series.Select(one => one.Name)], unit);
        var ground = top + Height;
        for (var group = 0; group < groups.Count; group++)
        {
            var left = Left + (group * groupWidth);
            for (var i = 0; i < series.Count; i++)
            {
                if (series[i].Values[group] is var value && !double.IsFinite(value)) continue;
                var height = value / most * Height;
                var bar = left + (i * BarWidth);
                svg.Add($"<rect x=\"{bar}\" y=\"{ground - height:F1}\" width=\"{BarWidth - 3}\" height=\"{height:F1}\" rx=\"2\" fill=\"{Svg.Colour(i)}\"/>");
                svg.Text(bar + ((BarWidth - 3) / 2.0), ground - height - 4, Short(value), "font-size=\"9\" text-anchor=\"middle\"");
            }

            svg.Text(left + (series.Count * BarWidth / 2.0), ground + 18, groups[group], "text-anchor=\"middle\"");
        }

        svg.Add($"<line x1=\"{Left}\" x2=\"{width - Left}\" y1=\"{ground}\" y2=\"{ground}\" stroke=\"#888\"/>");
        if (mark is { } at)
        {
            var y = ground - (at / most * Height);
            svg.Add($"<line x1=\"{Left}\" x2=\"{width - Left}\" y1=\"{y:F1}\" y2=\"{y:F1}\" stroke=\"#888\" stroke-dasharray=\"4 4\"/>");
        }

        return svg.ToString();
    }

    private static string Short(double value) => value.ToString(value < 10 ? "F2" : value < 100 ? "F1" : "F0", CultureInfo.InvariantCulture);
}
