using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;

namespace InferenceServer.Tests.OpenAI;

[Collection(SharedServer.Name)]
public sealed class ModelsTests(TestServer server)
{
    [Fact]
    public async Task Models_are_listed_with_how_they_think()
    {
        var list = await server.Http.GetFromJsonAsync<JsonObject>("/v1/models");
        Assert.Equal(["tiny", "plain", "bare"], list!["data"]!.AsArray().Select(model => (string)model!["id"]!));
        var tiny = await server.Http.GetFromJsonAsync<JsonObject>("/v1/models/tiny");
        Assert.Equal("model", (string?)tiny!["object"]);
        Assert.Equal("tas", (string?)tiny["method"]);
        Assert.Equal(TinyCheckpoint.Layers, (int?)tiny["layers"]);
        Assert.Equal(TinyCheckpoint.ThinkingLayer, (int?)tiny["thinking_layer"]);
        Assert.Equal(TinyCheckpoint.Context, (int?)tiny["context_length"]);
        Assert.Equal(TinyCheckpoint.VocabularySize, (int?)tiny["vocabulary_size"]);
        Assert.Null(tiny["base_model"]);
        var abilities = tiny["abilities"]!;
        Assert.Equal(("before", "exact", true), ((string?)abilities["thoughts"], (string?)abilities["thinking_budget"], (bool)abilities["supplied_thought"]!));
        Assert.True(JsonNode.DeepEquals(tiny, list["data"]![0]));
        var plain = list["data"]![1]!["abilities"]!;
        Assert.Equal(("never", "none", false), ((string?)plain["thoughts"], (string?)plain["thinking_budget"], (bool)plain["supplied_thought"]!));
        Assert.Equal((true, false), ((bool)plain["chat_template"]!, (bool)list["data"]![2]!["abilities"]!["chat_template"]!));
    }

    [Theory]
    [InlineData("/v1/models")]
    [InlineData("/v1/models/tiny")]
    [InlineData("/health")]
    [InlineData("/live")]
    [InlineData("/metrics")]
    [InlineData("/version")]
    public async Task What_only_tells_answers_HEAD_without_a_body(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, path);
        using var response = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.NotNull(response.Content.Headers.ContentType);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_model_that_is_not_there_is_404()
    {
        using var response = await server.Http.GetAsync("/v1/models/none");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        var body = await response.Content.ReadFromJsonAsync<JsonObject>();
        Assert.Equal("model_not_found", (string?)body!["error"]!["code"]);
    }
}
