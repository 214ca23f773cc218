using System.Globalization;
using System.Text;

namespace InferenceServer.Metrics;

/// <summary>Writes Prometheus' text format, version 0.0.4.</summary>
internal sealed class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new(64 * 1024);

    public void Head(string name, string type, string help) => _text
        .Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n')
        .Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

    public void Sample(string name, IReadOnlyList<(string Name, string Value)> labels, double value)
    {
        _text.Append(name);
        Labels(labels);
        _text.Append(' ').Append(Number(value)).Append('\n');
    }

    /// <param name="counts">Of each bucket alone, and of what is above all bounds.</param>
    public void Histogram(string name, IReadOnlyList<(string Name, string Value)> labels, double[] bounds, long[] counts, double sum)
    {
        long total = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            total += counts[i];
            Sample(name + "_bucket", [.. labels, ("le", i < bounds.Length ? Number(bounds[i]) : "+Inf")], total);
        }

        Sample(name + "_sum", labels, sum);
        Sample(name + "_count", labels, total);
    }

    public override string ToString() => _text.ToString();

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private void Labels(IReadOnlyList<(string Name, string Value)> labels)
    {
        if (labels.Count == 0) return;
        var separator = '{';
        foreach (var (name, value) in labels)
        {
            _text.Append(separator).Append(name).Append("=\"");
            foreach (var letter in value)
            {
                if (letter == '\n') _text.Append("\\n");
                else if (letter is '\\' or '"') _text.Append('\\').Append(letter);
                else _text.Append(letter);
            }

            _text.Append('"');
            separator = ',';
        }

        _text.Append('}');
    }
}
