using System.Text.Json.Nodes;

namespace InferenceServer.Tests.Clients;

/// <summary>Vercel's AI SDK, for which thoughts are reasoning parts.</summary>
[Collection(SharedClients.Name)]
public sealed class VercelTests(ClientServer server)
{
    [Fact]
    public async Task It_streams_reasoning_and_text_and_understands_errors()
    {
        var seen = await NodeClients.AskAsync(server, "vercel-contract.mjs");
        foreach (var view in (string[])["whole", "stream"])
            Assert.Equal((ClientServer.Thought, ClientServer.Answer), ((string)seen[view]!["thought"]!, (string)seen[view]!["answer"]!));

        var stream = seen["stream"]!;
        var parts = stream["parts"]!.AsObject();
        Assert.True((int)parts["reasoning-delta"]! > 5 && (int)parts["text-delta"]! > 3, parts.ToJsonString());
        Assert.Equal((1, 1, 1, 1), (Count(parts, "reasoning-start"), Count(parts, "reasoning-end"), Count(parts, "text-start"), Count(parts, "text-end")));
        Assert.Equal("stop", (string)stream["finish"]!);
        Assert.InRange((int)stream["thoughtTokens"]!, 1, (int)stream["tokens"]! - 1);

        Assert.True((bool)seen["next"]!["sentThoughts"]!);
        Assert.NotEmpty((string)seen["next"]!["answer"]!);

        Fails(seen["unknownModel"]!, 404, "'none' does not exist");
        Fails(seen["badValue"]!, 400, "from 0 to 2");
        Assert.Contains("'none' does not exist", (string)Assert.Single(seen["streamErrors"]!.AsArray())!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_providers_for_OpenAI_and_Anthropic_show_thoughts_where_their_formats_have_them()
    {
        var seen = await NodeClients.AskAsync(server, "providers-contract.mjs");
        foreach (var provider in (string[])["responses", "messages", "chat"])
        {
            var said = seen[provider]!;
            var thought = provider == "chat" ? "" : ClientServer.Thought; // OpenAI's chats have none
            foreach (var view in (string[])["whole", "stream"])
                Assert.Equal((thought, ClientServer.Answer), ((string)said[view]!["thought"]!, (string)said[view]!["answer"]!));
            Assert.Equal("stop", (string)said["finish"]!);
            Assert.True((int)said["thoughtTokens"]! > 0);
            Assert.NotEmpty((string)said["next"]!);
        }
    }

    private static int Count(JsonObject parts, string type) => (int?)parts[type] ?? 0;

    private static void Fails(JsonNode error, int status, string message)
    {
        Assert.True((bool)error["typed"]!);
        Assert.Equal(status, (int)error["status"]!);
        Assert.False((bool)error["retry"]!);
        Assert.Contains(message, (string)error["message"]!, StringComparison.Ordinal);
    }
}
