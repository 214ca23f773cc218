namespace InferenceServer.Hosting;

/// <summary>
/// On a stop signal: readiness goes off and new requests are refused at once, while the web server keeps answering until the
/// running requests have finished or the shutdown timeout is over.
/// </summary>
internal sealed class Draining(ModelRegistry models, IHostApplicationLifetime lifetime, ILogger<Draining> logger) : IHostedLifecycleService
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private CancellationTokenRegistration _registration;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _registration = lifetime.ApplicationStopping.Register(models.Drain);
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        var running = models.Unfinished;
        if (running > 0) logger.LogInformation("Stopping: waiting for {Running} running requests.", running);
        while (models.Unfinished > 0 && !cancellationToken.IsCancellationRequested) await Task.Delay(Poll, CancellationToken.None);
        if (models.Unfinished is > 0 and var left) logger.LogWarning("Stopping: {Left} requests did not finish in time.", left);
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _registration.Dispose();
        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
