using InferenceServer.Benchmarks.Reports;
using InferenceServer.Models.Cpu;

namespace InferenceServer.Benchmarks.Serve;

/// <summary>Prints a row for every load as it ends, and draws latency over streams.</summary>
internal sealed class ServeReport(string model, WeightFormat format, ServiceLevel level)
{
    private readonly List<ClosedResult> _closed = [];
    private readonly MarkdownTable _table = new(
        "load",
        "tokens/s>",
        "requests/s>",
        "TTFT>",
        "TTFOT>",
        "thought TPOT>",
        "answer TPOT>",
        "ITL>",
        "good requests/s>",
        "client CPU>",
        "server CPU>",
        "engine tokens/s>",
        "streamed over engine>",
        "errors>");

    public int Errors { get; private set; }

    public double MostRequestsPerSecond => _closed.Max(result => result.Streamed.RequestsPerSecond);

    public void Add(ClosedResult result)
    {
        _closed.Add(result);
        Row($"{result.Streams} streams", result.Streamed, MarkdownTable.Number(result.Engine), MarkdownTable.Number(result.Ratio));
    }

    public void AddOpen(double rate, LoadSummary load) => Row($"Poisson, {MarkdownTable.Number(rate)} requests/s", load, "-", "-");

    public string Draw() => LineChart.Draw(
        $"{model} in {WeightFormats.Name(format)} over HTTP",
        "streams",
        "ms",
        [
            ("TTFT p50", Points(load => load.Percentile(trace => trace.FirstToken, 50)), false),
            ("TTFOT p50", Points(load => load.Percentile(trace => trace.FirstAnswer, 50)), false),
            ("answer TPOT p50", Points(load => load.Percentile(trace => trace.PerAnswer, 50)), false),
            ("thought TPOT p50", Points(load => load.Percentile(trace => trace.PerThought, 50)), false),
            ("ITL p99", Points(load => load.GapPercentile(99)), false),
        ],
        logarithmicX: true,
        logarithmicY: true);

    private void Row(string name, LoadSummary load, string engine, string ratio)
    {
        Errors += load.Errors;
        _table.Row(
            name,
            MarkdownTable.Number(load.TokensPerSecond),
            MarkdownTable.Number(load.RequestsPerSecond),
            Both(percent => load.Percentile(trace => trace.FirstToken, percent)),
            Both(percent => load.Percentile(trace => trace.FirstAnswer, percent)),
            Both(percent => load.Percentile(trace => trace.PerThought, percent)),
            Both(percent => load.Percentile(trace => trace.PerAnswer, percent)),
            Both(load.GapPercentile),
            MarkdownTable.Number(load.Goodput(level)),
            MarkdownTable.Percent(load.ClientShare),
            MarkdownTable.Percent(load.ServerShare),
            engine,
            ratio,
            load.Errors == 0 ? "0" : $"{load.Errors}: {load.Traces.First(trace => trace.Error is not null).Error}");
    }

    private static string Both(Func<double, double> percentile) => $"{MarkdownTable.Number(1000 * percentile(50))} / {MarkdownTable.Number(1000 * percentile(99))}";

    private IReadOnlyList<(double X, double Y)> Points(Func<LoadSummary, double> value) =>
        [.. _closed.Select(result => ((double)result.Streams, 1000 * value(result.Streamed)))];
}
