using System.Diagnostics;
using InferenceServer.Models;

namespace InferenceServer.Hosting;

/// <summary>Tells of a model that loads: a line in the log every other second, and its share for /health.</summary>
internal sealed class LoadReport(string model, Action<double> share, ILogger logger) : IProgress<LoadProgress>
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(2);

    private readonly long _start = Stopwatch.GetTimestamp();
    private TimeSpan _lastLine;

    public void Report(LoadProgress value)
    {
        share(value.Share);
        var elapsed = Stopwatch.GetElapsedTime(_start);
        if (elapsed - _lastLine < BetweenLines) return;
        _lastLine = elapsed;
        logger.LogInformation(
            "Loading {Model}: {Percent:F0} % of {Total:F1} GB, {Rate:F0} MB/s.",
            model,
            100 * value.Share,
            value.TotalBytes / 1e9,
            value.ReadBytes / 1e6 / elapsed.TotalSeconds);
    }
}
