namespace InferenceServer.Benchmarks.Reports;

/// <summary>Curves over a number, such as latency over streams.</summary>
internal static class LineChart
{
    private const int Width = 640;
    private const int Height = 300;
    private const int Left = 64;

    /// <param name="series">A name and its points; dashed = what theory says, not what was measured.</param>
    public static string Draw(
        string title,
        string xName,
        string yName,
        IReadOnlyList<(string Name, IReadOnlyList<(double X, double Y)> Points, bool Dashed)> series,
        bool logarithmicX = false,
        bool logarithmicY = false,
        bool dots = true)
    {
        string[] names = [.. series.Select(one => one.Name)];
        var top = new Svg(Width, 0, title).Legend(Width, names, yName) + 10;
        var ground = top + Height;
        var points = series.SelectMany(one => one.Points).ToList();
        var x = Scale(points.Select(point => point.X), Left, Width - 24, logarithmicX);
        var y = Scale(points.Select(point => point.Y), ground, top, logarithmicY);
        var svg = new Svg(Width, ground + 44, title);
        svg.Legend(Width, names, yName);
        Grid(svg, x, y, xName);
        for (var i = 0; i < series.Count; i++)
        {
            var shown = series[i].Points.Where(point => double.IsFinite(point.Y) && (!logarithmicY || point.Y > 0)).ToList();
            if (shown.Count == 0) continue;
            var dash = series[i].Dashed ? "stroke-dasharray=\"5 4\"" : "";
            var path = string.Join(' ', shown.Select(point => FormattableString.Invariant($"{x.At(point.X):F1},{y.At(point.Y):F1}")));
            svg.Add($"<polyline points=\"{path}\" fill=\"none\" stroke=\"{Svg.Colour(i)}\" stroke-width=\"2\" {dash}/>");
            if (series[i].Dashed || !dots) continue;
            foreach (var point in shown) svg.Add($"<circle cx=\"{x.At(point.X):F1}\" cy=\"{y.At(point.Y):F1}\" r=\"3.5\" fill=\"{Svg.Colour(i)}\"/>");
        }

        return svg.ToString();
    }

    /// <summary>Lines and numbers of both axes.</summary>
    internal static void Grid(Svg svg, Axis x, Axis y, string xName)
    {
        foreach (var tick in y.Ticks())
        {
            svg.Add($"<line x1=\"{x.From:F1}\" x2=\"{x.To:F1}\" y1=\"{y.At(tick):F1}\" y2=\"{y.At(tick):F1}\" stroke=\"#888\" stroke-opacity=\"0.25\"/>");
            svg.Text(x.From - 6, y.At(tick) + 4, Axis.Label(tick), "text-anchor=\"end\" font-size=\"10\"");
        }

        foreach (var tick in x.Ticks())
        {
            svg.Add($"<line x1=\"{x.At(tick):F1}\" x2=\"{x.At(tick):F1}\" y1=\"{y.From:F1}\" y2=\"{y.To:F1}\" stroke=\"#888\" stroke-opacity=\"0.25\"/>");
            svg.Text(x.At(tick), y.From + 15, Axis.Label(tick), "text-anchor=\"middle\" font-size=\"10\"");
        }

        svg.Text((x.From + x.To) / 2, y.From + 33, xName, "text-anchor=\"middle\"");
    }

    private static Axis Scale(IEnumerable<double> values, double from, double to, bool logarithmic) =>
        logarithmic ? Axis.Decades(values, from, to) : Axis.Linear(values, from, to);
}
