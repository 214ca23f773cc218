namespace InferenceServer.Metrics;

/// <summary>A label of a family: which tag of the instrument it shows, and the values that are shown as 0 before they come.</summary>
internal sealed record MetricLabel(string Name, string Tag, params string[] Expected);

/// <summary>One family of Prometheus: an instrument under a name of its own, with some of its tags.</summary>
/// <param name="Instrument">Name of the instrument it shows.</param>
/// <param name="Name">Counters end in <c>_total</c>.</param>
/// <param name="Label">Beside <c>model_name</c>; null = summed up over all other tags.</param>
/// <param name="Buckets">Upper bounds of a histogram, rising, without infinity; null = a counter.</param>
/// <param name="HasModel">Whether there is a label <c>model_name</c>.</param>
internal sealed record MetricFamily(string Instrument, string Name, string Help, MetricLabel? Label = null, double[]? Buckets = null, bool HasModel = true)
{
    public const string ModelLabel = "model_name";

    public string Type => Buckets is null ? "counter" : "histogram";
}
