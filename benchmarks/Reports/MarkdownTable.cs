using System.Globalization;

namespace InferenceServer.Benchmarks.Reports;

/// <summary>A table on the console, a row as soon as it is known: a run that is stopped keeps what it measured.</summary>
internal sealed class MarkdownTable
{
    private readonly int _columns;

    /// <param name="columns">Those that end with '&gt;' hold numbers.</param>
    public MarkdownTable(params IReadOnlyList<string> columns)
    {
        _columns = columns.Count;
        Console.WriteLine();
        Console.WriteLine(Line(columns.Select(column => column.TrimEnd('>'))));
        Console.WriteLine(Line(columns.Select(column => column.EndsWith('>') ? "---:" : "---")));
        Console.Out.Flush();
    }

    public void Row(params IReadOnlyList<string> cells)
    {
        if (cells.Count != _columns) throw new ArgumentException($"{cells.Count} cells in a row of {_columns}.", nameof(cells));
        Console.WriteLine(Line(cells));
        Console.Out.Flush();
    }

    /// <summary>Three significant digits or so; a dash for what is not there.</summary>
    public static string Number(double value) => Math.Abs(value) switch
    {
        double.NaN or double.PositiveInfinity => "-",
        >= 100 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("F1", CultureInfo.InvariantCulture),
        >= 0.1 or 0 => value.ToString("F2", CultureInfo.InvariantCulture),
        _ => value.ToString("G3", CultureInfo.InvariantCulture),
    };

    public static string Percent(double share) =>
        double.IsFinite(share) ? string.Create(CultureInfo.InvariantCulture, $"{100 * share:F0} %") : "-";

    private static string Line(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";
}
