using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace InferenceServer.Benchmarks.Reports;

/// <summary>The sheet a chart is drawn on: an SVG that reads on light and dark pages.</summary>
internal sealed class Svg
{
    private static readonly string[] Colours = ["#4c8dd6", "#e2873d", "#5aa469", "#a06bc4", "#c4524e", "#2fa3a0", "#8a8f98", "#b58b00"];

    private readonly StringBuilder _text = new();

    public Svg(int width, int height, string title)
    {
        Add($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#222\">");
        Add($"<style>@media (prefers-color-scheme: dark) {{ svg {{ fill: #ddd }} }}</style>");
        Text(24, 22, title, "font-size=\"15\" font-weight=\"600\"");
    }

    /// <summary>Wide enough for the title, and for a small chart.</summary>
    public static int Width(string title) => Math.Max(560, 48 + (9 * title.Length));

    public static string Colour(int series) => Colours[series % Colours.Length];

    /// <summary>One line of SVG; numbers are written with a point.</summary>
    public void Add(Invariant line) => _text.Append(line.ToString()).Append('\n');

    public void Text(double x, double y, string text, string attributes = "") => Add($"<text x=\"{x:F1}\" y=\"{y:F1}\" {attributes}>{Escape(text)}</text>");

    /// <summary>Names with their colours in lines from y = 44, then the unit; returns the y below it.</summary>
    public int Legend(int width, IReadOnlyList<string> names, string unit)
    {
        const int Left = 24;
        var (x, y) = (Left, 44);
        for (var i = 0; i <= names.Count; i++)
        {
            var text = i < names.Count ? names[i] : unit;
            var needed = 32 + (int)(6.6 * text.Length);
            if (x > Left && x + needed > width) (x, y) = (Left, y + 18);
            if (i < names.Count) Add($"<rect x=\"{x}\" y=\"{y - 10}\" width=\"11\" height=\"11\" rx=\"2\" fill=\"{Colour(i)}\"/>");
            Text(i < names.Count ? x + 16 : x, y, text, i < names.Count ? "" : "opacity=\"0.7\"");
            x += needed;
        }

        return y + 8;
    }

    public override string ToString() => $"{_text}</svg>\n";

    private static string Escape(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;");

    /// <summary>An interpolated string whose numbers do not depend on the country.</summary>
    [InterpolatedStringHandler]
    public readonly struct Invariant(int literalLength, int formattedCount)
    {
        private readonly StringBuilder _line = new(literalLength + (8 * formattedCount));

        public void AppendLiteral(string text) => _line.Append(text);

        public void AppendFormatted(string? value) => _line.Append(value);

        public void AppendFormatted<T>(T value, string? format = null)
            where T : IFormattable => _line.Append(value.ToString(format, CultureInfo.InvariantCulture));

        public override string ToString() => _line.ToString();
    }
}
