using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Native;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Errors;

public sealed class BrokenStreamTests
{
    [Theory]
    [InlineData(Chats)]
    [InlineData(Completions)]
    [InlineData(Generate)]
    [InlineData(Answers)]
    [InlineData(Messages)]
    public async Task An_engine_that_ends_midway_is_told_in_the_stream_which_is_then_cut(string path)
    {
        await using var server = new PatientServer();
        await server.InitializeAsync();
        var body = (path is Chats or Messages ? Chat() : path == Answers ? Response() : Completion()).With("stream", true).With("max_tokens", 15_000).With("logit_bias", new JsonObject { ["65"] = 100 });
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create<JsonNode>(body) };
        using var response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var stream = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[1 << 16];
        var text = new StringBuilder();
        while (!text.ToString().Contains("data: ", StringComparison.Ordinal)) text.Append(Encoding.UTF8.GetString(buffer, 0, await stream.ReadAsync(buffer)));
        server.Models.Slots[0].Model!.Engine.Dispose();

        await Assert.ThrowsAnyAsync<HttpIOException>(async () =>
        {
            for (var read = 1; read > 0;)
            {
                read = await stream.ReadAsync(buffer);
                text.Append(Encoding.UTF8.GetString(buffer, 0, read));
            }
        });

        var events = SseEvent.Parse(text.ToString());
        var last = events[^1];
        Assert.Equal("draining", path is Answers or Messages ? Code(last) : (string?)last.Json["error"]!["code"]);
        Assert.DoesNotContain(events, entry => entry.IsDone);
        Assert.Equal(path switch { Answers => "response.failed", Generate or Messages => "error", _ => null }, last.Name);

        using var next = await server.PostAsync(Chats, Chat());
        Assert.Equal(503, (int)next.StatusCode);
    }

    // These formats have words of their own for it.
    private static string? Code(SseEvent last) =>
        (string?)last.Json["error"]?["type"] == "overloaded_error" || (string?)last.Json["response"]?["status"] == "failed" ? "draining" : null;
}
