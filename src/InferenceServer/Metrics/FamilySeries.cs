namespace InferenceServer.Metrics;

/// <summary>The numbers of one family: a counter or a histogram for every combination of label values that came.</summary>
internal sealed class FamilySeries(MetricFamily family)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Model, string Label), Series> _series = [];

    public MetricFamily Family => family;

    public void Add(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var (model, label) = ("", "");
        foreach (var (tag, text) in tags)
        {
            if (family.HasModel && tag == ServerMeter.ModelTag) model = text as string ?? "";
            else if (family.Label?.Tag == tag) label = text as string ?? "";
        }

        lock (_lock) Of((model, label)).Add(value, family.Buckets);
    }

    /// <summary>Shows zeros where nothing has come yet, so that a rate's first increase is seen.</summary>
    public void Expect(string model)
    {
        if (!family.HasModel) return;
        lock (_lock)
        {
            foreach (var label in family.Label?.Expected ?? [""]) Of((model, label));
        }
    }

    public void Write(PrometheusText text)
    {
        text.Head(family.Name, family.Type, family.Help);
        lock (_lock)
        {
            foreach (var ((model, label), series) in _series.OrderBy(entry => entry.Key))
            {
                var labels = new List<(string, string)>(3);
                if (family.HasModel) labels.Add((MetricFamily.ModelLabel, model));
                if (family.Label is { } shown) labels.Add((shown.Name, label));
                if (family.Buckets is { } buckets) text.Histogram(family.Name, labels, buckets, series.Counts!, series.Sum);
                else text.Sample(family.Name, labels, series.Sum);
            }
        }
    }

    private Series Of((string, string) key)
    {
        if (!_series.TryGetValue(key, out var series)) _series[key] = series = new Series(family.Buckets is null ? null : new long[family.Buckets.Length + 1]);
        return series;
    }

    private sealed class Series(long[]? counts)
    {
        /// <summary>Of each bucket alone; the last one is for what is above all bounds.</summary>
        public long[]? Counts => counts;

        public double Sum { get; private set; }

        public void Add(double value, double[]? bounds)
        {
            Sum += value;
            if (bounds is null) return;
            var at = Array.BinarySearch(bounds, value);
            counts![at < 0 ? ~at : at]++;
        }
    }
}
