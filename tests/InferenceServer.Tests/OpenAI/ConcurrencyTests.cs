using System.Net.Http.Json;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.OpenAI;

[Collection(SharedServer.Name)]
public sealed class ConcurrencyTests(TestServer server)
{
    [Fact]
    public async Task Many_requests_at_once_get_what_each_gets_alone()
    {
        var bodies = Enumerable.Range(0, 24).Select(index => Chat($"Question {index}: " + new string((char)('a' + index), index * 3))
            .With("seed", index)
            .With("max_tokens", 10 + index)
            .With("thinking_token_budget", index % 7)
            .With("temperature", index % 3 == 0 ? 0 : 1)).ToList();
        var alone = new List<(string?, string)>();
        foreach (var body in bodies) alone.Add(Said(await server.CallAsync(Chats, body.DeepClone())));
        var together = await Task.WhenAll(bodies.Select(async (body, index) =>
        {
            if (index % 2 == 0) return Said(await server.CallAsync(Chats, body));
            var (thought, answer) = Said(await server.StreamAsync(Chats, body));
            return (thought.Length == 0 ? null : thought, answer);
        }));
        Assert.Equal(alone, together);
        await server.BecomesIdle();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_leaves_frees_its_work(bool stream)
    {
        // Every answer token is 'A': no end of sequence comes before the context is full.
        var body = Chat().With("stream", stream).With("max_tokens", 480).With("n", 16).With("logit_bias", new JsonObject { ["65"] = 100 });
        var engine = server.Models.Slots[0].Model!.Engine;
        using var leaving = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, Chats) { Content = JsonContent.Create<JsonNode>(body) };
        var call = server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leaving.Token);
        if (stream)
        {
            using var response = await call;
            await using var content = await response.Content.ReadAsStreamAsync();
            Assert.NotEqual(0, await content.ReadAsync(new byte[1]));
        }
        else
        {
            await TestServer.Eventually(() => Task.FromResult(engine.Unfinished > 0));
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        }

        await server.BecomesIdle();
        Assert.NotEmpty(Said(await server.CallAsync(Chats, Chat())).Answer);
    }
}
