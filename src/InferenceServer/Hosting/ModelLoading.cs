namespace InferenceServer.Hosting;

/// <summary>Loads the models while the web server starts; a model that cannot be loaded ends the process with exit code 1.</summary>
internal sealed class ModelLoading(
    ModelRegistry models, Banner banner, IHostApplicationLifetime lifetime, ILogger<ModelLoading> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await models.LoadAsync();
            banner.Show();
        }
        catch (Exception exception) when (LoadFailure.IsOfCheckpoint(exception))
        {
            logger.LogCritical("A model cannot be loaded. {Problem}", exception.Message);
            Stop();
        }
#pragma warning disable CA1031 // Whatever it is, a server without its models must not look alive.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            logger.LogCritical(exception, "A model cannot be loaded.");
            Stop();
        }
    }

    private void Stop()
    {
        Environment.ExitCode = 1;
        // A host that is stopped while it starts reports a failure of its own.
        lifetime.ApplicationStarted.Register(lifetime.StopApplication);
    }
}
