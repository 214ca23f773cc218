using System.Text.Json;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;

namespace InferenceServer.Tests.Clients;

/// <summary>The server's description of itself: what it says is so, and what is committed is what it says.</summary>
[Collection(SharedClients.Name)]
public sealed class DescriptionTests(ClientServer server)
{
    private const string File = "openapi.json";
    private const string Update = "UPDATE_OPENAPI";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public async Task Everything_the_server_sends_is_as_it_is_described_and_every_example_runs()
    {
        var seen = await NodeClients.AskAsync(server, "description-check.mjs");
        Assert.Empty(seen["problems"]!.AsArray().Select(problem => (string)problem!));
        var checkedKinds = seen["checked"]!.AsObject();
        foreach (var kind in (string[])["post /v1/chat/completions 200", "post /v1/chat/completions 200 event", "post /v1/generate 200 event", "post /v1/generations/{id}/speak 200", "post /v1/completions 404", "post /tokenize 415"])
            Assert.True(checkedKinds.ContainsKey(kind), $"{kind} was not seen among {checkedKinds.ToJsonString()}");
    }

    [Fact]
    public async Task The_committed_description_is_the_servers()
    {
        var document = JsonNode.Parse(await server.Http.GetStringAsync("/swagger/v1/swagger.json"))!.ToJsonString(Readable) + "\n";
        var path = Repository.Path(File);
        if (Environment.GetEnvironmentVariable(Update) is not null) await System.IO.File.WriteAllTextAsync(path, document);
        Assert.True(
            System.IO.File.Exists(path) && await System.IO.File.ReadAllTextAsync(path) == document,
            $"{File} is not what the server says of itself. To write it anew: {Update}=1 dotnet test --project tests/InferenceServer.Tests -c Release --filter-class '*{nameof(DescriptionTests)}'");
    }
}
