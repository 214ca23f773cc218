using InferenceServer.Hosting;
using InferenceServer.Tests.Support;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace InferenceServer.Playground.Tests.Support;

/// <summary>
/// The whole server on a real port, with the models it serves out of the box, and <see cref="Patient"/>, whose random
/// thoughts are long enough to be talked to.
/// </summary>
public sealed class PlaygroundServer : WebApplicationFactory<Program>
{
    public const string Patient = "patient";

    private const string Models = "Models";
    private const int LongContext = 16_384;

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"inference-server-playground-{Guid.NewGuid():N}");

    // The server looks for its settings here first: those of the repository are given to it below.
    static PlaygroundServer()
    {
        var folder = Directory.CreateTempSubdirectory("inference-server-settings-").FullName;
        File.WriteAllText(Path.Combine(folder, "appsettings.json"), "{}");
        Directory.SetCurrentDirectory(folder);
    }

    public HttpClient Http { get; private set; } = null!;

    public string Url => Http.BaseAddress!.ToString();

    /// <summary>Requests that are running in any model.</summary>
    public int Unfinished => Services.GetRequiredService<ModelRegistry>().Unfinished;

    public async Task StartAsync()
    {
        UseKestrel();
        StartServer();
        Http = CreateClient();
        while (!(await Http.GetAsync("/health")).IsSuccessStatusCode) await Task.Delay(20);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        // A port given to UseKestrel is set beside the program\'s own start, which now and then comes first.
        builder.UseSetting("urls", "http://127.0.0.1:0");
        var bundled = new ConfigurationBuilder().AddJsonFile(Repository.Path("appsettings.json")).Build().GetSection(Models);
        foreach (var (key, value) in bundled.AsEnumerable())
        {
            if (value is not null) builder.UseSetting(key, key.EndsWith(":Path", StringComparison.Ordinal) ? Repository.Path(value) : value);
        }

        var next = bundled.GetChildren().Count();
        builder.UseSetting($"{Models}:{next}:Path", TinyCheckpoint.Write(Path.Combine(_folder, Patient), "tas", context: LongContext));
        builder.UseSetting("Engine:Threads", "1");
        builder.UseSetting("Engine:KvMemory", "64MB");
        builder.ConfigureLogging(logging => logging.ClearProviders());
    }
}
