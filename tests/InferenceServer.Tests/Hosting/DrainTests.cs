using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Hosting;

/// <summary>Stop signals to a real process, with nothing, much and too much running.</summary>
public sealed class DrainTests : IDisposable
{
    private const int Streams = 12;

    private readonly string _folder = Directory.CreateTempSubdirectory("inference-server-drain-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task With_nothing_running_it_ends_at_once()
    {
        await using var server = await StartAsync();
        await server.SignalAsync("TERM");
        Assert.Equal(0, (await server.ExitAsync()).Code);
    }

    [Fact]
    public async Task With_many_running_readiness_goes_first_new_ones_are_refused_and_every_stream_comes_to_its_end()
    {
        await using var server = await StartAsync("--Server:ShutdownSeconds", "300");
        var responses = await Task.WhenAll(Enumerable.Range(0, Streams).Select(i => ServerProcess.StreamAsync(server.Http, Chats, Long(2500).With("seed", i))));
        Assert.All(responses, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        var bodies = responses.Select(response => response.Content.ReadAsStringAsync()).ToList();
        await server.SignalAsync("TERM");
        await TestServer.Eventually(async () => await server.HealthAsync() == HttpStatusCode.ServiceUnavailable);
        using var refused = await server.Http.PostAsync(Chats, JsonContent.Create<JsonNode>(Chat()));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Contains("\"draining\"", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains(bodies, body => !body.IsCompleted);
        foreach (var body in await Task.WhenAll(bodies)) Assert.EndsWith("data: [DONE]\n\n", body, StringComparison.Ordinal);
        Assert.Equal(0, (await server.ExitAsync()).Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_second_signal_and_the_end_of_the_time_end_what_runs_with_an_error_in_its_stream(bool second)
    {
        await using var server = await StartAsync("--Server:ShutdownSeconds", second ? "600" : "1");
        using var response = await ServerProcess.StreamAsync(server.Http, Chats, Long(60_000).With("messages", Chat("Not-for-the-log")["messages"]!.DeepClone()));
        var text = new StringBuilder();
        var reading = Task.Run(async () =>
        {
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            while (await reader.ReadLineAsync() is { } line) text.AppendLine(line);
        });
        await server.SignalAsync("TERM");
        await TestServer.Eventually(async () => await server.HealthAsync() == HttpStatusCode.ServiceUnavailable);
        if (second) await server.SignalAsync("TERM");
        await Assert.ThrowsAnyAsync<HttpIOException>(() => reading);
        Assert.Contains("\"code\":\"draining\"", text.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text.ToString(), StringComparison.Ordinal);
        var (code, output) = await server.ExitAsync();
        Assert.Equal(0, code);
        Assert.DoesNotContain("Not-for-the-log", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Killed_and_started_again_on_its_port_it_says_the_same()
    {
        var port = ServerProcess.FreePort();
        string answer;
        await using (var server = await StartAsync(port))
        {
            answer = await AnswerAsync(server);
            using var running = await ServerProcess.StreamAsync(server.Http, Chats, Long(60_000));
            await server.SignalAsync("KILL");
            Assert.NotEqual(0, (await server.ExitAsync()).Code);
        }

        await using var again = await StartAsync(port);
        Assert.Equal(answer, await AnswerAsync(again));
    }

    private static async Task<string> AnswerAsync(ServerProcess server)
    {
        using var response = await server.Http.PostAsync(Chats, JsonContent.Create<JsonNode>(Chat()));
        return Said(JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsObject()).ToString();
    }

    private static JsonObject Long(int tokens) =>
        Chat().With("max_tokens", tokens).With("thinking_token_budget", tokens).With("logit_bias", new JsonObject { ["257"] = -100, ["258"] = -100 });

    private Task<ServerProcess> StartAsync(params string[] args) => StartAsync(ServerProcess.FreePort(), args);

    private Task<ServerProcess> StartAsync(int port, params string[] args) =>
        ServerProcess.StartAsync(port, ["--Models:0:Path", TinyCheckpoint.Write(Path.Combine(_folder, "tiny"), "tas", context: 65_536), "--Engine:KvMemory", "256MB", .. args]);
}
