using System.Net.Http.Json;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Engine;

[Collection(AloneOnTheMachine.Name)]
public sealed class ConcurrentStreamTests(EngineServer server, ITestOutputHelper output)
{
    private const int Streams = 64;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Sixty_four_streams_at_once_are_the_streams_each_gets_alone(bool chat)
    {
        JsonObject Body(int i) => (chat ? StoryRequests.Chat(i / 2) : StoryRequests.Completion(i / 2)).With("include_reasoning", i % 2 == 0);
        var path = chat ? Chats : Completions;
        var alone = new List<string>();
        for (var i = 0; i < Streams; i++) alone.Add(await Stream(path, Body(i)));

        // The odd ones hide the thoughts of the even ones, and answer the same.
        for (var i = 0; i < Streams; i += 2)
        {
            Assert.Equal(Text(alone[i], chat, answer: true), Text(alone[i + 1], chat, answer: true));
            Assert.Empty(Text(alone[i + 1], chat, answer: false));
        }

        Assert.Contains(alone, stream => Text(stream, chat, answer: false).Length > 0);
        using var over = new CancellationTokenSource();
        var most = Most(over.Token);
        var together = await Task.WhenAll(Enumerable.Range(0, Streams).Select(i => Stream(path, Body(i))));
        await over.CancelAsync();
        Assert.Equal(alone, together);
        output.WriteLine($"At most {await most} of {Streams} ran at once, {server.Engine.Load.Preemptions} preemptions so far.");
        Assert.True(await most > Streams / 4, $"No more than {await most} streams ran at once: nothing is proved.");
        await server.BecomesIdle();
    }

    /// <summary>The data of every event as sent, without what names the response: its id and its time.</summary>
    private async Task<string> Stream(string path, JsonObject body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create<JsonNode>(body.With("stream", true)) };
        using var response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var stream = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, stream);
        var first = SseEvent.Parse(stream)[0].Json;
        Assert.EndsWith("data: [DONE]\n\n", stream, StringComparison.Ordinal);
        return stream.Replace((string)first["id"]!, "", StringComparison.Ordinal).Replace($"\"created\":{first["created"]},", "", StringComparison.Ordinal);
    }

    private static string Text(string stream, bool chat, bool answer)
    {
        var choices = SseEvent.Parse(stream).Where(chunk => !chunk.IsDone).SelectMany(chunk => chunk.Json["choices"]!.AsArray());
        return string.Concat(choices.Select(choice => (string?)(chat
            ? choice!["delta"]![answer ? "content" : "reasoning_content"]
            : choice![answer ? "text" : "reasoning_content"])));
    }

    private async Task<int> Most(CancellationToken over)
    {
        var most = 0;
        while (!over.IsCancellationRequested)
        {
            most = Math.Max(most, server.Engine.Load.Running);
            await Task.Delay(1, CancellationToken.None);
        }

        return most;
    }
}
