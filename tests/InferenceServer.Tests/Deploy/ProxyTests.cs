using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Metrics;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Deploy;

/// <summary>Two replicas behind a stock HAProxy with the configuration of deploy/haproxy.</summary>
public sealed class ProxyTests : IAsyncLifetime
{
    private const string Proxy = "/usr/sbin/haproxy";
    private const string ReplicaHeader = "X-Replica";

    private static readonly string Configuration = Repository.Path("deploy/haproxy/haproxy.cfg");

    private readonly string _folder = Directory.CreateTempSubdirectory("inference-server-proxy-").FullName;
    private readonly Dictionary<string, ServerProcess> _replicas = [];
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(2) };
    private Process? _proxy;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(File.Exists(Proxy), "haproxy is not installed (apt-get install haproxy): the proxy's configuration was not tested.");
        try
        {
            await StartAsync();
        }
        catch
        {
            // A test that was not set up is not torn down either.
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_proxy is not null)
        {
            _proxy.Kill();
            await _proxy.WaitForExitAsync();
            _proxy.Dispose();
        }

        _http.Dispose();
        foreach (var replica in _replicas.Values) await replica.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Conversations_stay_where_their_prefix_is_and_a_replica_drains_under_load_without_a_lost_stream()
    {
        // Twelve conversations of three turns each, by how they begin: all turns of each on one replica, both have some.
        var homes = new Dictionary<int, string>();
        for (var conversation = 0; conversation < 12; conversation++)
        {
            var messages = new JsonArray(Message("system", "Answer in few words, as you were told many times before, and be kind."), Message("user", $"Conversation {conversation} begins here."));
            for (var turn = 0; turn < 3; turn++)
            {
                using var response = await _http.PostAsync(Chats, JsonContent.Create<JsonNode>(Body(messages, 8)));
                var home = Assert.Single(response.Headers.GetValues(ReplicaHeader));
                Assert.Equal(homes.TryAdd(conversation, home) ? home : homes[conversation], home);
                messages.Add(Message("assistant", Said(JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsObject()).Answer));
                messages.Add(Message("user", $"And turn {turn}?"));
            }
        }

        Assert.Equal(["one", "two"], homes.Values.Distinct().Order());
        foreach (var replica in _replicas.Values)
        {
            var metrics = Exposition.Parse(await replica.Http.GetStringAsync("/metrics"));
            Assert.True(metrics["vllm:prefix_cache_hits_total"] > metrics["vllm:prefix_cache_queries_total"] / 3, "The prefix cache found less than a third.");
        }

        // A command finds the stream it is for.
        using (var stream = await ServerProcess.StreamAsync(_http, Generate, Completion("Think on.").With("max_tokens", 60_000).With("thinking_token_budget", 60_000).With("logit_bias", NoEnd())))
        {
            var id = Assert.Single(stream.Headers.GetValues("X-Generation-Id"));
            using var ended = await _http.DeleteAsync($"/v1/generations/{id}");
            Assert.Equal(HttpStatusCode.OK, ended.StatusCode);
            await stream.Content.ReadAsStringAsync();
        }

        // Load on both, and one is told to stop.
        using var over = new CancellationTokenSource();
        var served = new ConcurrentQueue<string>();
        var clients = Enumerable.Range(0, 6).Select(client => Task.Run(() => KeepAskingAsync(client, served, over.Token))).ToList();
        await TestServer.Eventually(() => Task.FromResult(served.Distinct().Count() == 2));
        var leaving = homes[0];
        await _replicas[leaving].SignalAsync("TERM");
        var (code, _) = await _replicas[leaving].ExitAsync();
        Assert.Equal(0, code);
        var before = served.Count;
        await TestServer.Eventually(() => Task.FromResult(served.Count > before + 12));
        await over.CancelAsync();
        await Task.WhenAll(clients);
        Assert.DoesNotContain(leaving, served.Skip(before + 6));

        // It comes back, and with it its conversations.
        var port = new Uri(_replicas[leaving].Url).Port;
        await _replicas[leaving].DisposeAsync();
        _replicas[leaving] = await ReplicaAsync(port);
        await TestServer.Eventually(async () =>
        {
            using var response = await _http.PostAsync(Chats, JsonContent.Create<JsonNode>(Body(
                new JsonArray(Message("system", "Answer in few words, as you were told many times before, and be kind."), Message("user", "Conversation 0 begins here.")), 4)));
            return Assert.Single(response.Headers.GetValues(ReplicaHeader)) == leaving;
        });
    }

    private async Task StartAsync()
    {
        foreach (var name in new[] { "one", "two" }) _replicas[name] = await ReplicaAsync(ServerProcess.FreePort());
        var listen = $"127.0.0.1:{ServerProcess.FreePort()}";
        var start = new ProcessStartInfo(Proxy, ["-f", Configuration]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LISTEN"] = listen;
        foreach (var (name, variable) in new[] { ("one", "REPLICA_1"), ("two", "REPLICA_2") }) start.Environment[variable] = new Uri(_replicas[name].Url).Authority;
        _proxy = Process.Start(start)!;
        _proxy.OutputDataReceived += static (_, _) => { };
        _proxy.BeginOutputReadLine();
        _http.BaseAddress = new Uri($"http://{listen}");
        await TestServer.Eventually(async () =>
        {
            try
            {
                using var response = await _http.GetAsync("/health");
                return response.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };

    private static JsonObject Body(JsonArray messages, int tokens) => new()
    {
        ["model"] = "tiny",
        ["messages"] = messages.DeepClone(),
        ["max_tokens"] = tokens,
        ["thinking_token_budget"] = 0,
        ["seed"] = 1,
    };

    private static JsonObject NoEnd() => new() { ["257"] = -100, ["258"] = -100 };

    /// <summary>One conversation after another, each a stream that must come whole.</summary>
    private async Task KeepAskingAsync(int client, ConcurrentQueue<string> served, CancellationToken over)
    {
        for (var i = 0; !over.IsCancellationRequested; i++)
        {
            var body = Chat($"Client {client}, question {i}").With("max_tokens", 300).With("thinking_token_budget", 200).With("logit_bias", NoEnd());
            using var response = await ServerProcess.StreamAsync(_http, Chats, body, conversation: $"{client}-{i}");
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync(CancellationToken.None), StringComparison.Ordinal);
            served.Enqueue(Assert.Single(response.Headers.GetValues(ReplicaHeader)));
        }
    }

    private Task<ServerProcess> ReplicaAsync(int port) => ServerProcess.StartAsync(
        port, "--Models:0:Path", TinyCheckpoint.Write(Path.Combine(_folder, "tiny"), "tas", context: 65_536), "--Engine:KvMemory", "128MB", "--Server:ShutdownSeconds", "60", "--Server:DrainDelaySeconds", "6");
}
