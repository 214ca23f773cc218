using System.Net;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.OpenAI;

[Collection(SharedServer.Name)]
public sealed class ContinuousUsageTests(TestServer server)
{
    [Theory]
    [InlineData(Chats)]
    [InlineData(Completions)]
    public async Task Every_chunk_says_what_it_took_so_far(string path)
    {
        var body = (path == Chats ? Chat() : Completion()).With("n", 2)
            .With("stream_options", new JsonObject { ["include_usage"] = true, ["continuous_usage_stats"] = true });
        var chunks = (await server.StreamAsync(path, body)).SkipLast(1).Select(chunk => chunk.Json).ToList();
        var completions = chunks.Select(chunk => Usage(chunk).Completion).ToList();
        Assert.Equal(completions.Order(), completions);
        Assert.InRange(completions[0], 0, 1);
        Assert.True(completions.Distinct().Count() > 20);
        Assert.Equal(Usage(chunks[^1]), Usage(chunks[^2]));
    }

    [Fact]
    public async Task It_goes_with_include_usage_only()
    {
        var body = Chat().With("stream", true).With("stream_options", new JsonObject { ["continuous_usage_stats"] = true });
        using var response = await server.PostAsync(Chats, body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }
}
