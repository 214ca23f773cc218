using System.Diagnostics;
using System.Runtime.InteropServices;

namespace InferenceServer.Hosting;

/// <summary>
/// On a stop signal: readiness goes off at once, and new requests are refused, at once or after the delay that balancers need
/// to hear of it, while the web server keeps answering until the running requests have finished. Those that have not when
/// the time is over, or when a second signal comes, are told so in their streams.
/// </summary>
internal sealed class Draining(ModelRegistry models, ServerSettings settings, IHostApplicationLifetime lifetime, ILogger<Draining> logger)
    : IHostedLifecycleService, IDisposable
{
    /// <summary>What the host has left, after the requests' time is over, to send last words and close.</summary>
    public static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private readonly List<IDisposable> _registrations = [];
    private int _signals;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _registrations.Add(lifetime.ApplicationStopping.Register(models.Drain));
        if (settings.DrainDelaySeconds == 0) _registrations.Add(lifetime.ApplicationStopping.Register(models.Refuse));
        // The host acts on the first signal; these only count.
        foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT })
            _registrations.Add(PosixSignalRegistration.Create(signal, _ => Interlocked.Increment(ref _signals)));
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await PassAsync(settings.DrainDelaySeconds, static () => true, cancellationToken);
        models.Refuse();
        var running = models.Unfinished;
        if (running > 0) logger.LogInformation("Stopping: waiting for {Running} running requests.", running);
        await PassAsync(settings.ShutdownSeconds, () => models.Unfinished > 0, cancellationToken);
        if (models.Unfinished is not (> 0 and var left)) return;
        logger.LogWarning("Stopping: {Left} requests are ended{Why}.", left, IsHurried ? " by a second signal" : " after their time was over");
        models.End();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }

    private bool IsHurried => Volatile.Read(ref _signals) > 1;

    private async Task PassAsync(double seconds, Func<bool> waits, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (waits() && !IsHurried && Stopwatch.GetElapsedTime(started).TotalSeconds < seconds && !cancellationToken.IsCancellationRequested)
            await Task.Delay(Poll, CancellationToken.None);
    }
}
