namespace InferenceServer.Tests.Clients;

/// <summary>OpenAI's Agents SDK, in chats and responses.</summary>
[Collection(SharedClients.Name)]
public sealed class AgentsTests(ClientServer server)
{
    [Fact]
    public async Task Agents_answer_in_text_and_in_a_given_form_and_call_tools()
    {
        var seen = await NodeClients.AskAsync(server, "agents-contract.mjs");
        foreach (var format in (string[])["chat", "responses"])
        {
            var said = seen[format]!;
            foreach (var view in (string[])["stream", "final", "thinking"]) Assert.Equal(ClientServer.Answer, (string)said[view]!);
            Assert.NotEmpty((string)said["whole"]!);
            Assert.NotEmpty((string)said["next"]!);
            Assert.True((bool)said["formed"]!);
            Assert.StartsWith("sum ", (string)said["called"]!, StringComparison.Ordinal);
        }

        Assert.Equal(ClientServer.Thought, (string)Assert.Single(seen["responses"]!["thoughts"]!.AsArray())!);
    }
}
