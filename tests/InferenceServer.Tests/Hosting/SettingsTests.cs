using System.Net;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Hosting;

/// <summary>Settings that change what the server says.</summary>
public sealed class SettingsTests
{
    [Fact]
    public async Task Settings_rename_the_thoughts_let_unknown_fields_pass_and_bound_the_queue()
    {
        await using var server = new ConfiguredServer();
        await server.InitializeAsync();
        var chat = await server.CallAsync(Chats, Chat().With("thinking_budget", 5));
        var message = chat["choices"]![0]!["message"]!.AsObject();
        Assert.NotEmpty((string)message["reasoning"]!);
        Assert.False(message.ContainsKey("reasoning_content"));
        var streamed = await server.StreamAsync(Chats, Chat());
        Assert.Equal((string?)message["reasoning"], string.Concat(streamed.Where(chunk => !chunk.IsDone).Select(chunk => (string?)chunk.Json["choices"]![0]!["delta"]!["reasoning"])));
        var document = await server.Http.GetStringAsync("/swagger/v1/swagger.json");
        Assert.True(JsonNode.Parse(document)!["components"]!["schemas"]!["ChatDelta"]!["properties"]!.AsObject().ContainsKey("reasoning"));

        Assert.Equal(3, Usage(await server.CallAsync(Chats, Chat().With("reasoning_effort", "low"))).Reasoning);

        using var many = await server.PostAsync(Chats, Chat().With("n", 4));
        Assert.Equal(HttpStatusCode.TooManyRequests, many.StatusCode);
        Assert.NotNull(many.Headers.RetryAfter);
        Assert.Equal("queue_full", (string?)JsonNode.Parse(await many.Content.ReadAsStringAsync())!["error"]!["code"]);
        await server.BecomesIdle();
    }

    private sealed class ConfiguredServer : TestServer
    {
        protected override IReadOnlyDictionary<string, string> ExtraSettings => new Dictionary<string, string>
        {
            ["Server:ReasoningField"] = "reasoning",
            ["Server:UnknownFields"] = "Warn",
            ["Server:ReasoningEffort:low"] = "3",
            ["Engine:MaxRunning"] = "2",
            ["Engine:MaxWaiting"] = "1",
        };
    }
}
