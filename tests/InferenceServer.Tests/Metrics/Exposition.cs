using System.Globalization;
using System.Text.RegularExpressions;

namespace InferenceServer.Tests.Metrics;

/// <summary>
/// A strict reader of Prometheus' text format 0.0.4: what a scraper would only guess at fails here. Families are complete
/// (HELP, TYPE, then samples, once, together), series are not repeated, counters end in _total and histograms add up.
/// </summary>
internal sealed partial class Exposition
{
    private readonly Dictionary<string, Family> _families = [];

    public IReadOnlyCollection<string> Names => _families.Keys;

    public static Exposition Parse(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        var exposition = new Exposition();
        Family? family = null;
        string? help = null;
        foreach (var line in text[..^1].Split('\n'))
        {
            if (HelpLine().Match(line) is { Success: true } described)
            {
                Assert.Null(help);
                help = described.Groups[1].Value;
                Assert.False(exposition._families.ContainsKey(help), $"{help} comes twice.");
                continue;
            }

            if (TypeLine().Match(line) is { Success: true } typed)
            {
                Assert.Equal(help, typed.Groups[1].Value);
                help = null;
                family = new Family(typed.Groups[1].Value, typed.Groups[2].Value);
                exposition._families.Add(family.Name, family);
                continue;
            }

            var sample = SampleLine().Match(line);
            Assert.True(sample.Success, $"Not a line of the format: {line}");
            Assert.Null(help);
            Assert.NotNull(family);
            family.Add(sample.Groups[1].Value, Labels(sample.Groups[2].Value), Number(sample.Groups[3].Value));
        }

        foreach (var known in exposition._families.Values) known.Check();
        return exposition;
    }

    public string TypeOf(string family) => _families[family].Type;

    /// <summary>The one sample of this name and these labels (others may be there too); missing ones fail.</summary>
    public double this[string name, params (string Name, string Value)[] labels] => Assert.Single(Series(name, labels)).Value;

    public IReadOnlyList<(IReadOnlyDictionary<string, string> Labels, double Value)> Series(string name, params (string Name, string Value)[] labels) =>
        [.. _families.Values.SelectMany(family => family.Samples).Where(sample => sample.Name == name && labels.All(label => sample.Labels.GetValueOrDefault(label.Name) == label.Value))
            .Select(sample => (sample.Labels, sample.Value))];

    private static Dictionary<string, string> Labels(string text)
    {
        var labels = new Dictionary<string, string>();
        while (text.Length > 0)
        {
            var label = Label().Match(text);
            Assert.True(label.Success, $"Not a label: {text}");
            labels.Add(label.Groups[1].Value, label.Groups[2].Value.Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal));
            text = text[label.Length..];
        }

        return labels;
    }

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex(@"^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (?:[^\\]|\\\\|\\n)+$")]
    private static partial Regex HelpLine();

    [GeneratedRegex("^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$")]
    private static partial Regex TypeLine();

    [GeneratedRegex(@"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")]
    private static partial Regex SampleLine();

    [GeneratedRegex(@"^([a-zA-Z_][a-zA-Z0-9_]*)=""((?:[^""\\]|\\\\|\\""|\\n)*)""(?:,(?!$)|$)")]
    private static partial Regex Label();

    private sealed class Family(string name, string type)
    {
        private readonly HashSet<string> _seen = [];

        public string Name => name;

        public string Type => type;

        public List<(string Name, IReadOnlyDictionary<string, string> Labels, double Value)> Samples { get; } = [];

        public void Add(string sample, Dictionary<string, string> labels, double value)
        {
            string[] allowed = type == "histogram" ? [$"{name}_bucket", $"{name}_sum", $"{name}_count"] : [name];
            Assert.Contains(sample, allowed);
            Assert.True(_seen.Add($"{sample}{{{Key(labels)}}}"), $"{sample} comes twice with the same labels.");
            Samples.Add((sample, labels, value));
        }

        public void Check()
        {
            Assert.Equal(type == "counter", name.EndsWith("_total", StringComparison.Ordinal));
            if (type == "counter") Assert.All(Samples, sample => Assert.InRange(sample.Value, 0, double.MaxValue));
            if (type != "histogram") return;
            foreach (var series in Samples.GroupBy(sample => Key(sample.Labels.Where(label => label.Key != "le"))))
            {
                var buckets = series.Where(sample => sample.Name == $"{name}_bucket").Select(sample => (Bound: Number(sample.Labels["le"]), sample.Value)).ToList();
                Assert.True(buckets.Zip(buckets.Skip(1)).All(pair => pair.First.Bound < pair.Second.Bound && pair.First.Value <= pair.Second.Value), $"{name} does not rise.");
                Assert.Equal(double.PositiveInfinity, buckets[^1].Bound);
                Assert.Equal(buckets[^1].Value, Assert.Single(series, sample => sample.Name == $"{name}_count").Value);
                Assert.Single(series, sample => sample.Name == $"{name}_sum");
            }
        }

        private static string Key(IEnumerable<KeyValuePair<string, string>> labels) =>
            string.Join(',', labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"));
    }
}
