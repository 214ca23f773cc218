using System.Text.Json.Nodes;

namespace InferenceServer.Tests.Clients;

/// <summary>LangChain for JavaScript, in chats, completions and responses.</summary>
[Collection(SharedClients.Name)]
public sealed class LangChainTests(ClientServer server)
{
    [Fact]
    public async Task It_streams_thought_and_answer_calls_tools_and_understands_errors()
    {
        var seen = await NodeClients.AskAsync(server, "langchain-contract.mjs");
        foreach (var view in (string[])["whole", "stream", "responses", "responsesStream"])
            Assert.Equal((ClientServer.Thought, ClientServer.Answer), ((string)seen[view]!["thought"]!, (string)seen[view]!["answer"]!));
        foreach (var view in (string[])["whole", "stream"])
            Assert.InRange((int)seen[view]!["thoughtTokens"]!, 1, (int)seen[view]!["tokens"]! - 1);
        Assert.NotEmpty((string)seen["next"]!["answer"]!);
        Assert.Equal(ClientServer.Answer, (string)seen["text"]!);

        Assert.True((bool)seen["formed"]!["jsonSchema"]! && (bool)seen["formed"]!["functionCalling"]!);
        var call = Assert.Single(seen["calls"]!.AsArray())!;
        Assert.Equal("add", (string)call["name"]!);
        Assert.InRange((int)call["a"]!, 0, 99);

        Fails(seen["unknownModel"]!, 404, "'none' does not exist");
        Fails(seen["badValue"]!, 400, "from 0 to 2");
        Assert.Equal("AbortError", (string)seen["left"]!["name"]!);
        await server.BecomesIdle();
    }

    private static void Fails(JsonNode error, int status, string message)
    {
        Assert.Equal(status, (int)error["status"]!);
        Assert.Contains(message, (string)error["message"]!, StringComparison.Ordinal);
    }
}
