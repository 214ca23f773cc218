using System.Net;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Native;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Errors;

public sealed class StoppedEngineTests
{
    [Fact]
    public async Task A_generation_cut_by_the_shutdown_says_that_another_server_may_be_asked()
    {
        await using var server = new PatientServer();
        await server.InitializeAsync();
        var body = Completion().With("max_tokens", 15_000).With("thinking_token_budget", 15_000).With("logit_bias", new JsonObject { ["257"] = -100, ["258"] = -100 });
        var answer = server.PostAsync(Completions, body);
        var model = server.Models.Slots[0].Model!;
        await TestServer.Eventually(() => Task.FromResult(model.Engine.Load.Running == 1));
        model.Dispose();
        using var response = await answer;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Equal("draining", (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["code"]);
    }
}
