using System.Diagnostics.Metrics;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Engine;

/// <summary>The loop as .NET meters, named <see cref="MeterName"/>; every instrument is tagged with the model.</summary>
internal sealed class EngineMetrics : IDisposable
{
    public const string MeterName = "InferenceServer.Engine";

    private static readonly string[] KindNames = ["prefill", "think", "speak", "catch_up"];

    private readonly Meter _meter;
    private readonly Counter<long> _steps;
    private readonly Counter<long> _rows;
    private readonly Histogram<double> _phases;
    private readonly KeyValuePair<string, object?> _model;

    public EngineMetrics(string model, Func<EngineLoad> load)
    {
        _model = new("model", model);
        _meter = new Meter(MeterName, version: null, tags: [_model]);
        _steps = _meter.CreateCounter<long>("engine.steps", "{step}", "Steps run.");
        _rows = _meter.CreateCounter<long>("engine.rows", "{row}", "Rows run, by kind.");
        _phases = _meter.CreateHistogram<double>("engine.step.duration", "s", "Time of a step, by phase.");
        _meter.CreateObservableGauge("engine.sequences.running", () => load().Running, "{sequence}", "Sequences that share the steps.");
        _meter.CreateObservableGauge("engine.sequences.waiting", () => load().Waiting, "{sequence}", "Sequences not admitted.");
        _meter.CreateObservableGauge("engine.kv.pages.used", () => load().UsedPages, "{page}", "KV pages that hold something.");
        _meter.CreateObservableGauge("engine.kv.pages.cached", () => load().CachedPages, "{page}", "KV pages held for prompts to come.");
        _meter.CreateObservableCounter("engine.preemptions", () => load().Preemptions, "{sequence}", "Sequences that gave their memory back.");
        _meter.CreateObservableCounter("engine.prefix.queries", () => load().PrefixQueries, "{token}", "Prompt tokens looked up in the prefix cache.");
        _meter.CreateObservableCounter("engine.prefix.hits", () => load().PrefixHits, "{token}", "Prompt tokens found in the prefix cache.");
    }

    public static string Name(RowKind kind) => KindNames[(int)kind];

    public void Step(ReadOnlySpan<int> rowsByKind, TimeSpan plan, TimeSpan run, TimeSpan accept)
    {
        _steps.Add(1);
        for (var kind = 0; kind < rowsByKind.Length; kind++)
        {
            if (rowsByKind[kind] > 0) _rows.Add(rowsByKind[kind], new KeyValuePair<string, object?>("kind", KindNames[kind]));
        }

        _phases.Record(plan.TotalSeconds, new KeyValuePair<string, object?>("phase", "plan"));
        _phases.Record(run.TotalSeconds, new KeyValuePair<string, object?>("phase", "run"));
        _phases.Record(accept.TotalSeconds, new KeyValuePair<string, object?>("phase", "accept"));
    }

    public void Dispose() => _meter.Dispose();
}
