using System.Diagnostics;
using InferenceServer.Access;
using OpenTelemetry;

namespace InferenceServer.Tracing;

/// <summary>Probes and scrapes come every few seconds and say nothing: their spans are not sent.</summary>
internal sealed class SilentPaths : BaseProcessor<Activity>
{
    private static readonly HashSet<string> Paths = ["/health", "/live", AccessSetup.MetricsPath];

    public override void OnEnd(Activity data)
    {
        if (data.Source.Name == HttpSpan.SourceName && data.GetTagItem("http.route") is string route && Paths.Contains(route))
            data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
    }
}
