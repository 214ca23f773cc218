using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Access;

/// <summary>What a full server does, and one whose request takes too long.</summary>
public sealed class QueueTests
{
    [Fact]
    public async Task A_full_queue_refuses_before_a_request_costs_anything()
    {
        await using var server = new FullServer();
        await server.InitializeAsync();
        var endless = server.PostAsync(Completions, Endless());
        var engine = server.Models.Slots[0].Model!.Engine;
        await TestServer.Eventually(() => Task.FromResult(engine.Load.Running == 1));

        // What it asks for cannot be done, but nobody looks: the queue is full.
        using var refused = await server.PostAsync(Completions, Completion("").With("n", 1_000_000));
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Contains("queue_full", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        // With every engine full, not even the body is read.
        var other = server.PostAsync(Completions, Endless("plain"));
        await TestServer.Eventually(() => Task.FromResult(server.Models.Slots[1].Model!.Engine.Load.Running == 1));
        using var third = server.PostAsync(Completions, Endless("bare"));
        await TestServer.Eventually(() => Task.FromResult(server.Models.Slots[2].Model!.Engine.Load.Running == 1));
        using var unread = await server.Http.PostAsync(Chats, new StringContent("not json", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.TooManyRequests, unread.StatusCode);

        // The time a request may take is over for all of them.
        foreach (var late in new[] { endless, other, third })
        {
            using var response = await late;
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.Contains("request_timeout", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        await server.BecomesIdle();
    }

    [Fact]
    public async Task A_stream_that_takes_too_long_ends_with_an_error_and_without_done()
    {
        await using var server = new FullServer();
        await server.InitializeAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, Completions) { Content = JsonContent.Create<JsonNode>(Endless().With("stream", true)) };
        using var response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var last = "";
        await Assert.ThrowsAnyAsync<HttpIOException>(async () =>
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                if (line.Length > 0) last = line;
            }
        });
        Assert.Contains("request_timeout", last, StringComparison.Ordinal);
        await server.BecomesIdle();
    }

    private static JsonObject Endless(string model = "tiny")
    {
        var body = Completion(model: model).With("max_tokens", 60_000).With("logit_bias", new JsonObject { ["257"] = -100, ["258"] = -100 });
        return model == "plain" ? body : body.With("thinking_token_budget", 60_000);
    }

    private sealed class FullServer : TestServer
    {
        protected override IReadOnlyDictionary<string, string> ExtraSettings => new Dictionary<string, string>
        {
            ["Models:0:Path"] = TinyCheckpoint.Write(Path.Combine(Folder, "endless", "tiny"), "tas", context: 65_536),
            ["Models:1:Path"] = TinyCheckpoint.Write(Path.Combine(Folder, "endless", "plain"), "plain", context: 65_536),
            ["Models:2:Path"] = TinyCheckpoint.Write(Path.Combine(Folder, "endless", "bare"), "tas", bare: true, context: 65_536),
            ["Engine:KvMemory"] = "256MB",
            ["Engine:MaxRunning"] = "1",
            ["Engine:MaxWaiting"] = "0",
            ["Server:RequestSeconds"] = "4",
        };
    }
}
