using System.Net.Http.Json;
using System.Text.Json.Nodes;
using InferenceServer.Hosting;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace InferenceServer.Tests.Support;

/// <summary>The whole server on a real port, serving tiny random models: <c>tiny</c> thinks, <c>plain</c> does not, <c>bare</c> has no chat template and is greedy.</summary>
public class TestServer : WebApplicationFactory<Program>, IAsyncLifetime
{
    // The server looks for its settings here first: those of the repository would mix with a test's.
    static TestServer()
    {
        var folder = Directory.CreateTempSubdirectory("inference-server-settings-").FullName;
        File.WriteAllText(Path.Combine(folder, "appsettings.json"), "{}");
        Directory.SetCurrentDirectory(folder);
    }

    protected string Folder { get; } = Path.Combine(Path.GetTempPath(), $"inference-server-tests-{Guid.NewGuid():N}");

    public HttpClient Http { get; private set; } = null!;

    public ModelRegistry Models => Services.GetRequiredService<ModelRegistry>();

    protected virtual IReadOnlyDictionary<string, string> ExtraSettings => new Dictionary<string, string>();

    public async ValueTask InitializeAsync()
    {
        UseKestrel();
        StartServer();
        Http = CreateClient();
        Http.Timeout = TimeSpan.FromMinutes(2);
        await Eventually(async () => (await Http.GetAsync("/health")).IsSuccessStatusCode);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (Directory.Exists(Folder)) Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    public async Task<HttpResponseMessage> PostAsync(string path, JsonNode body) => await Http.PostAsync(path, JsonContent.Create(body));

    /// <summary>A request that must succeed.</summary>
    public async Task<JsonObject> CallAsync(string path, JsonNode body)
    {
        using var response = await PostAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!.AsObject();
    }

    /// <summary>A streamed request that must succeed.</summary>
    public async Task<IReadOnlyList<SseEvent>> StreamAsync(string path, JsonObject body)
    {
        body["stream"] = true;
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create<JsonNode>(body) };
        using var response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        return SseEvent.Parse(await response.Content.ReadAsStringAsync());
    }

    /// <summary>No request runs and none is remembered.</summary>
    public Task BecomesIdle() => Eventually(() => Task.FromResult(
        Models.Slots.All(slot => slot.Model!.Engine is { Unfinished: 0, Unhealthy: null } engine && engine.Load.UsedPages == engine.Load.CachedPages)));

    public static async Task Eventually(Func<Task<bool>> condition)
    {
        var deadline = DateTime.UtcNow.AddSeconds(60);
        while (!await condition())
        {
            Assert.True(DateTime.UtcNow < deadline, "The condition did not come true within a minute.");
            await Task.Delay(10);
        }
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        // A port given to UseKestrel is set beside the program's own start, which now and then comes first.
        builder.UseSetting("urls", "http://127.0.0.1:0");
        builder.UseSetting("Models:0:Path", TinyCheckpoint.Write(Path.Combine(Folder, "tiny"), "tas"));
        builder.UseSetting("Models:1:Path", TinyCheckpoint.Write(Path.Combine(Folder, "plain"), "plain"));
        builder.UseSetting("Models:2:Path", TinyCheckpoint.Write(Path.Combine(Folder, "bare"), "tas", bare: true));
        builder.UseSetting("Engine:Threads", "1");
        builder.UseSetting("Engine:KvMemory", "16MB");
        builder.ConfigureLogging(logging => logging.ClearProviders());
        foreach (var (key, value) in ExtraSettings) builder.UseSetting(key, value);
    }
}

/// <summary>One server for all tests that only talk to it.</summary>
[CollectionDefinition(Name)]
public sealed class SharedServer : ICollectionFixture<TestServer>
{
    public const string Name = "one server";
}
