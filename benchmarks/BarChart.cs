using System.Globalization;
using System.Text;

namespace InferenceServer.Benchmarks;

/// <summary>A picture of a table: groups of bars, one bar a series, as an SVG file that reads on light and dark pages.</summary>
internal static class BarChart
{
    private const int BarWidth = 26;
    private const int Gap = 28;
    private const int Height = 260;
    private const int Left = 24;
    private const int Top = 64;

    private static readonly string[] Colours = ["#4c8dd6", "#e2873d", "#5aa469", "#a06bc4", "#8a8f98"];

    /// <param name="groups">[groups], under the bars.</param>
    /// <param name="series">A name and a value a group; NaN = no bar.</param>
    public static string Svg(string title, string unit, IReadOnlyList<string> groups, IReadOnlyList<(string Name, double[] Values)> series)
    {
        var most = series.SelectMany(one => one.Values).Where(double.IsFinite).DefaultIfEmpty(1).Max();
        var groupWidth = (series.Count * BarWidth) + Gap;
        var width = Math.Max(420, (2 * Left) + (groups.Count * groupWidth));
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {Top + Height + 40}\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#222\">\n");
        svg.Append("<style>@media (prefers-color-scheme: dark) { svg { fill: #ddd } }</style>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left}\" y=\"22\" font-size=\"15\" font-weight=\"600\">{Escape(title)}</text>\n");
        var x = Left;
        for (var i = 0; i < series.Count; i++)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{x}\" y=\"34\" width=\"11\" height=\"11\" rx=\"2\" fill=\"{Colours[i % Colours.Length]}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x + 16}\" y=\"44\">{Escape(series[i].Name)}</text>\n");
            x += 32 + (7 * series[i].Name.Length);
        }

        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x + 8}\" y=\"44\" opacity=\"0.7\">{Escape(unit)}</text>\n");
        for (var group = 0; group < groups.Count; group++)
        {
            var left = Left + (group * groupWidth);
            for (var i = 0; i < series.Count; i++)
            {
                if (series[i].Values[group] is var value && !double.IsFinite(value)) continue;
                var height = value / most * Height;
                var bar = left + (i * BarWidth);
                svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{bar}\" y=\"{Top + Height - height:F1}\" width=\"{BarWidth - 3}\" height=\"{height:F1}\" rx=\"2\" fill=\"{Colours[i % Colours.Length]}\"/>");
                svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{bar + ((BarWidth - 3) / 2.0):F1}\" y=\"{Top + Height - height - 4:F1}\" font-size=\"9\" text-anchor=\"middle\">{Short(value)}</text>\n");
            }

            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{left + (series.Count * BarWidth / 2.0):F1}\" y=\"{Top + Height + 18}\" text-anchor=\"middle\">{Escape(groups[group])}</text>\n");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Left}\" x2=\"{width - Left}\" y1=\"{Top + Height}\" y2=\"{Top + Height}\" stroke=\"#888\"/>\n</svg>\n");
        return svg.ToString();
    }

    /// <summary>Writes the picture where the command was told to (<c>--picture FILE</c>); nothing otherwise.</summary>
    public static void Write(Options options, Func<string> svg)
    {
        if (options.Text("--picture") is not { } file) return;
        File.WriteAllText(file, svg());
        Console.WriteLine($"picture: {file}");
    }

    private static string Short(double value) => value.ToString(value < 10 ? "F2" : value < 100 ? "F1" : "F0", CultureInfo.InvariantCulture);

    private static string Escape(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;");
}
