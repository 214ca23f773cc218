using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using InferenceServer.Health;
using InferenceServer.Hosting;
using InferenceServer.Models;
using InferenceServer.Requests;
using InferenceServer.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Health;

public sealed class HealthTests
{
    [Fact]
    public async Task A_server_that_drains_is_alive_but_not_ready_and_takes_no_requests()
    {
        await using var server = new TestServer();
        await server.InitializeAsync();
        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync("/live")).StatusCode);
        server.Models.Drain();
        Assert.Equal(HttpStatusCode.OK, (await server.Http.GetAsync("/live")).StatusCode);

        using var health = await server.Http.GetAsync("/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        Assert.Equal("draining", (string?)(await health.Content.ReadFromJsonAsync<JsonObject>())!["status"]);

        // Until balancers have heard of it, requests are still answered.
        using var early = await server.PostAsync(Chats, Chat());
        Assert.Equal(HttpStatusCode.OK, early.StatusCode);
        server.Models.Refuse();

        using var chat = await server.PostAsync(Chats, Chat());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, chat.StatusCode);
        Assert.NotNull(chat.Headers.RetryAfter);
        Assert.Equal("draining", (string?)(await chat.Content.ReadFromJsonAsync<JsonObject>())!["error"]!["code"]);
    }

    [Fact]
    public void A_server_that_loads_says_how_far_each_model_is()
    {
        var settings = new Settings(new ServerSettings(), new EngineSettings(), [new ModelOptions { Name = "large", Path = "nowhere" }, new ModelOptions { Name = "small", Path = "nowhere" }]);
        using var models = new ModelRegistry(settings, NullLoggerFactory.Instance);
        var health = JsonNode.Parse(JsonSerializer.Serialize(HealthResponse.NotReady(models.NotReady!, models), new WireFormat(settings.Server).Options))!;
        Assert.Equal("loading", (string?)health["status"]);
        Assert.Equal(["large", "small"], health["loaded_percent"]!.AsObject().Select(model => model.Key));
        Assert.All(health["loaded_percent"]!.AsObject(), model => Assert.Equal(0, (int)model.Value!));
    }
}
