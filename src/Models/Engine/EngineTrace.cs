using System.Diagnostics;
using System.Globalization;
using System.Text;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Engine;

/// <summary>
/// A timeline of the steps in the Chrome trace format (open it in a trace viewer): one lane for the loop's phases, one per
/// sequence, named by what its rows were for, so that thinking and speaking rows are seen to share a step.
/// </summary>
internal sealed class EngineTrace : IDisposable
{
    private readonly StreamWriter _writer;
    private readonly long _start = Stopwatch.GetTimestamp();
    private bool _any;

    public EngineTrace(string path)
    {
        _writer = new StreamWriter(path, append: false, new UTF8Encoding(false));
        _writer.Write("[\n");
    }

    public void Phase(string name, long from, long to) => Event(name, 0, from, to, "");

    /// <summary>A sequence's part in a step.</summary>
    public void Rows(int lane, SequencePlan plan, long from, long to)
    {
        var kinds = plan.RowsByKind;
        var names = new List<string>();
        var args = new List<string>();
        for (var kind = 0; kind < kinds.Length; kind++)
        {
            if (kinds[kind] == 0) continue;
            names.Add(EngineMetrics.Name((RowKind)kind));
            args.Add($"\"{EngineMetrics.Name((RowKind)kind)}\":{kinds[kind]}");
        }

        Event(string.Join('+', names), lane + 1, from, to, string.Join(',', args));
    }

    public void Counters(EngineLoad load, long at) => Write(string.Create(
        CultureInfo.InvariantCulture,
        $"{{\"name\":\"kv pages\",\"ph\":\"C\",\"pid\":1,\"ts\":{Microseconds(at):F1},\"args\":{{\"used\":{load.UsedPages - load.CachedPages},\"cached\":{load.CachedPages}}}}}"));

    public void Dispose()
    {
        _writer.Write("\n]\n");
        _writer.Dispose();
    }

    private void Event(string name, int lane, long from, long to, string args) => Write(string.Create(
        CultureInfo.InvariantCulture,
        $"{{\"name\":\"{name}\",\"ph\":\"X\",\"pid\":1,\"tid\":{lane},\"ts\":{Microseconds(from):F1},\"dur\":{Stopwatch.GetElapsedTime(from, to).TotalMicroseconds:F1},\"args\":{{{args}}}}}"));

    private void Write(string json)
    {
        if (_any) _writer.Write(",\n");
        _any = true;
        _writer.Write(json);
    }

    private double Microseconds(long timestamp) => Stopwatch.GetElapsedTime(_start, timestamp).TotalMicroseconds;
}
