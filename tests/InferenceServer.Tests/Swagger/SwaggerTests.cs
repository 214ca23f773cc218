using System.Net.Http.Json;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;

namespace InferenceServer.Tests.Swagger;

[Collection(SharedServer.Name)]
public sealed class SwaggerTests(TestServer server)
{
    [Theory]
    [InlineData("/v1/chat/completions", "ChatResponse", "ChatEvent")]
    [InlineData("/v1/completions", "CompletionResponse", "CompletionEvent")]
    [InlineData("/v1/generate", "GenerateResponse", "GenerateEvent")]
    public async Task Operations_that_stream_describe_both_answers(string path, string json, string streamed)
    {
        var content = (await Document())["paths"]![path]!["post"]!["responses"]!["200"]!["content"]!;
        Assert.Equal($"#/components/schemas/{json}", (string?)content["application/json"]!["schema"]!["$ref"]);
        Assert.Equal($"#/components/schemas/{streamed}", (string?)content["text/event-stream"]!["schema"]!["$ref"]);
    }

    [Fact]
    public async Task Every_reference_leads_to_a_schema()
    {
        var document = await Document();
        var schemas = document["components"]!["schemas"]!.AsObject();
        var references = References(document).Distinct().ToList();
        Assert.NotEmpty(references);
        Assert.All(references, reference => Assert.True(schemas.ContainsKey(reference["#/components/schemas/".Length..]), reference));
    }

    [Fact]
    public async Task Requests_are_described_with_the_names_and_needs_of_the_wire()
    {
        var chat = (await Document())["components"]!["schemas"]!["ChatRequest"]!;
        Assert.Equal(["messages", "model"], chat["required"]!.AsArray().Select(name => (string)name!).Order());
        var properties = chat["properties"]!.AsObject();
        Assert.True(properties.ContainsKey("thinking_token_budget"));
        Assert.False(properties.ContainsKey("unknown"));
        Assert.False(properties.ContainsKey("shows_thoughts"));
        Assert.NotEmpty((string)properties["thinking_token_budget"]!["description"]!);
        Assert.True((await Document())["components"]!["schemas"]!["ChatDelta"]!["properties"]!.AsObject().ContainsKey("reasoning_content"));
    }

    [Fact]
    public async Task The_page_is_there()
    {
        using var page = await server.Http.GetAsync("/swagger");
        Assert.Contains("swagger", await page.Content.ReadAsStringAsync(), StringComparison.OrdinalIgnoreCase);
    }

    private async Task<JsonObject> Document() => (await server.Http.GetFromJsonAsync<JsonObject>("/swagger/v1/swagger.json"))!;

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject item => item.SelectMany(pair => pair.Key == "$ref" ? [(string)pair.Value!] : References(pair.Value)),
        JsonArray items => items.SelectMany(References),
        _ => [],
    };
}
