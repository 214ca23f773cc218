using Microsoft.Extensions.Logging.Abstractions;

namespace InferenceServer.Hosting;

/// <summary><c>--check</c>: would the server start with this configuration?</summary>
internal static class CheckCommand
{
    /// <returns>The process's exit code: 0 when every checkpoint loads, else 1.</returns>
    public static async Task<int> RunAsync(Settings settings, TextWriter output, TextWriter errors)
    {
        using var models = new ModelRegistry(settings, NullLoggerFactory.Instance);
        try
        {
            await models.LoadAsync();
        }
        catch (Exception exception) when (LoadFailure.IsOfCheckpoint(exception))
        {
            await errors.WriteLineAsync(exception.Message);
            return 1;
        }

        await output.WriteLineAsync(Banner.Table(models.Slots));
        await output.WriteLineAsync("The configuration and every checkpoint are in order.");
        return 0;
    }
}
