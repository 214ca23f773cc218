namespace InferenceServer.Benchmarks.Reports;

/// <summary>
/// The roofline of Williams, Waterman and Patterson (2009), both axes logarithmic: operations a second over operations per
/// byte of memory read. No point lies above the lower of its two roofs: bandwidth times intensity, and a unit's peak.
/// </summary>
internal static class RooflineChart
{
    private const int Width = 760;
    private const int Height = 420;
    private const int Left = 64;

    /// <param name="bandwidths">Slanted roofs: a name and GB/s.</param>
    /// <param name="peaks">Flat roofs: a name and Gop/s.</param>
    /// <param name="series">A name and points (operations per byte, Gop/s), each with a short label or none.</param>
    public static string Draw(
        string title,
        IReadOnlyList<(string Name, double Rate)> bandwidths,
        IReadOnlyList<(string Name, double Rate)> peaks,
        IReadOnlyList<(string Name, IReadOnlyList<(double X, double Y, string Label)> Points)> series)
    {
        const string Unit = "Gop/s over operations per byte read";
        string[] names = [.. series.Select(one => one.Name)];
        var points = series.SelectMany(one => one.Points).ToList();
        var top = new Svg(Width, 0, title).Legend(Width, names, Unit) + 10;
        var ground = top + Height;
        var highest = peaks.Select(peak => peak.Rate).DefaultIfEmpty(1).Max();
        var x = Axis.Decades(points.Select(point => point.X).Append(highest / bandwidths.Min(roof => roof.Rate)), Left, Width - 24);
        var y = Axis.Decades(points.Select(point => point.Y).Append(highest).Append(bandwidths.Min(roof => roof.Rate) * x.Low), ground, top);
        var svg = new Svg(Width, ground + 44, title);
        svg.Legend(Width, names, Unit);
        LineChart.Grid(svg, x, y, "operations per byte");
        var most = bandwidths.Max(roof => roof.Rate);
        foreach (var (name, rate) in bandwidths) Slant(svg, x, y, name, rate, highest, above: rate == most);
        foreach (var (name, rate) in peaks) Roof(svg, x, y, name, rate, most);
        for (var i = 0; i < series.Count; i++)
        {
            foreach (var point in series[i].Points)
            {
                svg.Add($"<circle cx=\"{x.At(point.X):F1}\" cy=\"{y.At(point.Y):F1}\" r=\"4\" fill=\"{Svg.Colour(i)}\" fill-opacity=\"0.85\"/>");
                svg.Text(x.At(point.X) + 6, y.At(point.Y) + 3, point.Label, "font-size=\"8\"");
            }
        }

        return svg.ToString();
    }

    private static void Slant(Svg svg, Axis x, Axis y, string name, double rate, double highest, bool above)
    {
        var (from, to) = (Math.Max(x.Low, y.Low / rate), Math.Min(x.High, highest / rate));
        if (from >= to) return;
        Line(svg, x.At(from), y.At(from * rate), x.At(to), y.At(to * rate));
        var angle = -Math.Atan2(y.At(from * rate) - y.At(to * rate), x.At(to) - x.At(from)) * 180 / Math.PI;
        // The upper roof's name above it, the lower one's below, where few points lie.
        var at = Math.Exp((0.5 * Math.Log(from)) + (0.5 * Math.Log(to)));
        var (left, height) = (x.At(at), y.At(at * rate) + (above ? -6 : 14));
        svg.Text(left, height, name, FormattableString.Invariant($"font-size=\"10\" opacity=\"0.8\" transform=\"rotate({angle:F1} {left:F1} {height:F1})\""));
    }

    private static void Roof(Svg svg, Axis x, Axis y, string name, double rate, double bandwidth)
    {
        Line(svg, x.At(Math.Max(x.Low, rate / bandwidth)), y.At(rate), x.At(x.High), y.At(rate));
        svg.Text(x.At(x.High) - 2, y.At(rate) - 4, name, "font-size=\"10\" opacity=\"0.8\" text-anchor=\"end\"");
    }

    private static void Line(Svg svg, double x1, double y1, double x2, double y2) =>
        svg.Add($"<line x1=\"{x1:F1}\" y1=\"{y1:F1}\" x2=\"{x2:F1}\" y2=\"{y2:F1}\" stroke=\"#888\" stroke-width=\"1.5\"/>");
}
