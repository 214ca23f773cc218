using System.Diagnostics;

namespace InferenceServer.Benchmarks.Serve;

/// <summary>Sends requests in a closed or an open loop and waits for all of them.</summary>
/// <param name="send">Runs the request of this number; times count from the given timestamp.</param>
/// <param name="serverTime">Processor time of the server so far; null = not told apart.</param>
internal sealed class LoadDriver(Func<int, long, Task<StreamTrace>> send, Func<TimeSpan>? serverTime)
{
    private int _sent;

    /// <summary>So many streams at once, each of which sends its next request as its last one ends.</summary>
    public Task<LoadSummary> Closed(int streams, int requests) => Measure(async traces =>
    {
        var left = requests;
        async Task Stream()
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                var trace = await send(Interlocked.Increment(ref _sent), Stopwatch.GetTimestamp());
                lock (traces) traces.Add(trace);
            }
        }

        await Task.WhenAll(Enumerable.Range(0, streams).Select(_ => Task.Run(Stream)));
    });

    /// <summary>
    /// Requests at these seconds, whatever became of those before. Times count from when a request was due, so that a late
    /// client does not hide a slow server.
    /// </summary>
    public Task<LoadSummary> Open(IEnumerable<double> arrivals) => Measure(async traces =>
    {
        var start = Stopwatch.GetTimestamp();
        var running = new List<Task>();
        foreach (var arrival in arrivals)
        {
            var due = start + (long)(arrival * Stopwatch.Frequency);
            if (Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due) is { Ticks: > 0 } wait) await Task.Delay(wait);
            running.Add(Task.Run(async () =>
            {
                var trace = await send(Interlocked.Increment(ref _sent), due);
                lock (traces) traces.Add(trace);
            }));
        }

        await Task.WhenAll(running);
    });

    private async Task<LoadSummary> Measure(Func<List<StreamTrace>, Task> load)
    {
        var traces = new List<StreamTrace>();
        var (client, server) = (Environment.CpuUsage.TotalTime, serverTime?.Invoke());
        var start = Stopwatch.GetTimestamp();
        await load(traces);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var available = seconds * Environment.ProcessorCount;
        return new LoadSummary(
            traces,
            seconds,
            (Environment.CpuUsage.TotalTime - client).TotalSeconds / available,
            serverTime is null ? double.NaN : (serverTime() - server!.Value).TotalSeconds / available);
    }
}
