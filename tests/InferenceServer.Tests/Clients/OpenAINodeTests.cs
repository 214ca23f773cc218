using System.Text.Json.Nodes;

namespace InferenceServer.Tests.Clients;

/// <summary>OpenAI's own Node client as a judge of the wire format.</summary>
[Collection(SharedClients.Name)]
public sealed class OpenAINodeTests(ClientServer server)
{
    [Fact]
    public async Task It_streams_thoughts_and_answers_and_understands_errors()
    {
        var seen = await NodeClients.AskAsync(server, "openai-contract.mjs");
        Assert.Contains(ClientServer.Model, seen["models"]!.AsArray().Select(name => (string)name!));
        Assert.Equal(ClientServer.Model, (string)seen["model"]!);
        foreach (var view in (string[])["whole", "stream", "completion"])
            Assert.Equal((ClientServer.Thought, ClientServer.Answer), ((string)seen[view]!["thought"]!, (string)seen[view]!["answer"]!));

        var (whole, stream) = (seen["whole"]!, seen["stream"]!);
        Assert.Equal("stop", (string)whole["finish"]!);
        Assert.Equal("stop", (string)stream["finish"]!);
        Assert.StartsWith(ClientServer.Answer, (string)whole["loggedAnswer"]!, StringComparison.Ordinal);
        Assert.Equal((int)whole["thoughtTokens"]!, (int)stream["thoughtTokens"]!);
        Assert.InRange((int)whole["thoughtTokens"]!, ClientServer.Thought.Length / 4, (int)whole["tokens"]! - 1);
        Assert.True((int)stream["thoughtDeltas"]! > 5 && (int)stream["answerDeltas"]! > 3, stream.ToJsonString());
        Assert.Equal((0, 0), ((int)stream["mixed"]!, (int)stream["afterAnswer"]!));
        Assert.Equal(ClientServer.Answer, (string)seen["helper"]!["answer"]!);
        Assert.Equal((int)whole["tokens"]!, (int)seen["helper"]!["tokens"]!);
        Assert.Null(seen["off"]!["thought"]);
        Assert.Equal(0, (int)seen["off"]!["thoughtTokens"]!);

        Fails(seen["unknownModel"]!, 404, "model_not_found", "model", "'none' does not exist");
        Fails(seen["unknownModelStreamed"]!, 404, "model_not_found", "model", "'none' does not exist");
        Fails(seen["badValue"]!, 400, "invalid_value", "temperature", "from 0 to 2");
        Fails(seen["unknownField"]!, 400, "unknown_parameter", "surprise", "is not a field");
        Assert.True((bool)seen["aborted"]!);
        await server.BecomesIdle();
    }

    private static void Fails(JsonNode error, int status, string code, string param, string message)
    {
        Assert.True((bool)error["typed"]!);
        Assert.Equal((status, code, param), ((int)error["status"]!, (string)error["code"]!, (string)error["param"]!));
        Assert.Equal("invalid_request_error", (string)error["type"]!);
        Assert.Contains(message, (string)error["message"]!, StringComparison.Ordinal);
    }
}
