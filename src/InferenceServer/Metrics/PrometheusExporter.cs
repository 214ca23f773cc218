using System.Diagnostics.Metrics;
using InferenceServer.Hosting;

namespace InferenceServer.Metrics;

/// <summary>Adds up what the server's meter measures, and tells it, with the state of the engines, to whoever asks.</summary>
internal sealed class PrometheusExporter : IDisposable
{
    private readonly FamilySeries[] _families = [.. MetricCatalog.Families.Select(family => new FamilySeries(family))];
    private readonly MeterListener _listener = new();
    private readonly ModelRegistry _models;
    private readonly EngineGauges _engines;

    public PrometheusExporter(ServerMeter meter, ModelRegistry models, EngineGauges engines)
    {
        _models = models;
        _engines = engines;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter != meter.Meter) return;
            var mine = _families.Where(family => family.Family.Instrument == instrument.Name).ToArray();
            if (mine.Length > 0) listener.EnableMeasurementEvents(instrument, mine);
        };
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, families) => Add(families, value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, families) => Add(families, value, tags));
        _listener.Start();
    }

    public string Write()
    {
        var text = new PrometheusText();
        _engines.Write(text);
        foreach (var family in _families)
        {
            foreach (var slot in _models.Slots) family.Expect(slot.Options.Name);
            family.Write(text);
        }

        ProcessGauges.Write(text);
        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private static void Add(object? families, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var family in (FamilySeries[])families!) family.Add(value, tags);
    }
}
