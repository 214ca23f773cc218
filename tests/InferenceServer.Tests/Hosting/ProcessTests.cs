using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Hosting;

/// <summary>The program as an operator runs it.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("inference-server-process-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Help_shows_usage_and_exits_with_0()
    {
        var (code, output, _) = await RunAsync("--help");
        Assert.Equal(0, code);
        Assert.Contains("--Models:0:Path", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_exits_with_0_when_every_checkpoint_loads()
    {
        var (code, output, errors) = await RunAsync("--check", "--Models:0:Path", TinyCheckpoint.Write(Path.Combine(_folder, "tiny"), "tas"));
        Assert.True(code == 0, errors);
        Assert.Contains("tas", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--Models:0:Path", "/nowhere", "/nowhere")]
    [InlineData("--Engine:Weights", "int3", "Engine:Weights")]
    [InlineData("--Engine:Kv", "int4", "Engine:Kv")]
    [InlineData("--Engine:Treads", "4", "Treads")]
    [InlineData("--Sever:DefaultMaxTokens", "4", "--Sever:DefaultMaxTokens")]
    [InlineData("--Server:UnknownFields", "Forget", "UnknownFields")]
    [InlineData("--Server:MaxChoices", "0", "Server:MaxChoices")]
    public async Task Check_exits_with_1_and_says_what_is_wrong(string setting, string value, string named)
    {
        var (code, _, errors) = await RunAsync("--check", "--Models:0:Path", TinyCheckpoint.Write(Path.Combine(_folder, "tiny"), "tas"), setting, value);
        Assert.Equal(1, code);
        Assert.Contains(named, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_cannot_be_loaded_ends_the_server_with_1()
    {
        var (code, output, _) = await RunAsync("--Models:0:Path", "/nowhere", "--urls", "http://127.0.0.1:0");
        Assert.Equal(1, code);
        Assert.Contains("/nowhere", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stop_signal_lets_running_streams_finish()
    {
        var url = $"http://127.0.0.1:{FreePort()}";
        using var process = Start("--Models:0:Path", TinyCheckpoint.Write(Path.Combine(_folder, "tiny"), "tas"), "--urls", url, "--Engine:Threads", "1");
        var output = process.StandardOutput.ReadToEndAsync();
        using var http = new HttpClient { BaseAddress = new Uri(url) };
        await TestServer.Eventually(async () => await IsReady(http));
        var body = Chat("A short prompt").With("stream", true).With("max_tokens", 400).With("n", 8).With("logit_bias", new JsonObject { ["65"] = 100 });
        using var request = new HttpRequestMessage(HttpMethod.Post, Chats) { Content = JsonContent.Create<JsonNode>(body) };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using (Process.Start("kill", ["-TERM", $"{process.Id}"])) { }

        var events = SseEvent.Parse(await response.Content.ReadAsStringAsync());
        Assert.True(events[^1].IsDone);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(0, process.ExitCode);
        Assert.DoesNotContain("A short prompt", await output, StringComparison.Ordinal);
    }

    private static async Task<bool> IsReady(HttpClient http)
    {
        try
        {
            return (await http.GetAsync("/health")).StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(params string[] args)
    {
        using var process = Start(args);
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(2));
        return (process.ExitCode, await output, await errors);
    }

    private static Process Start(params string[] args) => Process.Start(new ProcessStartInfo(
        "dotnet", [Path.Combine(AppContext.BaseDirectory, "InferenceServer.dll"), .. args])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        WorkingDirectory = Path.GetTempPath(),
    })!;
}
