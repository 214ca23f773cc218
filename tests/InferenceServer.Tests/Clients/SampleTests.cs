using System.Text.RegularExpressions;
using InferenceServer.Tests.Support;

namespace InferenceServer.Tests.Clients;

/// <summary>Every client of samples/ as people run it: each streams the thought and the answer.</summary>
[Collection(SharedClients.Name)]
public sealed class SampleTests(ClientServer server)
{
    private const string Said = $"thought: {ClientServer.Thought}\nanswer: {ClientServer.Answer}\n";

    [Theory]
    [InlineData("openai.mjs")]
    [InlineData("openai-responses.mjs")]
    [InlineData("vercel-ai.mjs")]
    [InlineData("anthropic.mjs")]
    [InlineData("langchain.mjs")]
    public async Task A_JavaScript_client_shows_thought_and_answer(string script) =>
        Assert.Equal(Said, await NodeClients.RunAsync(server, script, ClientServer.Question));

    [Fact]
    public async Task A_JavaScript_client_shows_thought_and_call()
    {
        var said = await NodeClients.RunAsync(server, "openai-tools.mjs", ClientServer.Question);
        Assert.Matches($$"""^thought: {{Regex.Escape(ClientServer.Thought)}}\ncall: note \{\s*"count"\s*:\s*\d{1,3}\s*\}\n$""", said);
    }

    [Fact]
    public async Task A_TypeScript_client_generated_from_the_description_compiles_and_shows_thought_and_answer()
    {
        await NodeClients.PrepareAsync();
        await ClientProcess.RunAsync(
            NodeClients.Folder, null, NodeClients.Program("openapi-typescript"), new Uri(server.Http.BaseAddress!, "swagger/v1/swagger.json").ToString(), "--output", "generated/api.d.ts");
        await ClientProcess.RunAsync(NodeClients.Folder, null, NodeClients.Program("tsc"));
        Assert.Equal(Said, await NodeClients.RunAsync(server, "built/generated.js", ClientServer.Question));
    }

    [Fact]
    public async Task A_CSharp_client_generated_from_the_description_compiles_and_shows_thought_and_answer()
    {
        await NodeClients.PrepareAsync();
        var folder = Path.Combine(AppContext.BaseDirectory, "generated-client");
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(Repository.Path("samples/GeneratedClient"))) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        // Nothing of the repository's own build.
        foreach (var name in (string[])["Directory.Build.props", "Directory.Packages.props"]) await File.WriteAllTextAsync(Path.Combine(folder, name), "<Project />");
        var options = await File.ReadAllLinesAsync(Path.Combine(folder, "nswag.txt"));
        await ClientProcess.RunAsync(
            NodeClients.Folder,
            null,
            "dotnet",
            ["node_modules/nswag/bin/binaries/Net100/dotnet-nswag.dll", "openapi2csclient", $"/input:{server.Http.BaseAddress}swagger/v1/swagger.json", $"/output:{folder}/Client.cs", .. options]);
        await ClientProcess.RunAsync(folder, null, "dotnet", "build", "--configuration", "Release", "--output", "built", "--verbosity", "quiet", "-nodeReuse:false");
        var said = await ClientProcess.RunAsync(folder, NodeClients.Environment(server), "dotnet", "built/GeneratedClient.dll", ClientServer.Question);
        Assert.Equal($"{Said}whole: {ClientServer.Thought} -> {ClientServer.Answer}\n", said);
    }

    [Fact]
    public async Task OpenAIs_NET_client_shows_thought_and_answer() => Assert.Equal(
        Said,
        await ClientProcess.RunAsync(AppContext.BaseDirectory, NodeClients.Environment(server), "dotnet", "OpenAISdk.dll", ClientServer.Question));

    [Fact]
    public async Task Curl_shows_thought_and_answer()
    {
        Assert.SkipUnless(ClientProcess.Exists("curl"), "curl is not installed.");
        var events = SseEvent.Parse(await ClientProcess.RunAsync(AppContext.BaseDirectory, NodeClients.Environment(server), Repository.Path("samples/curl.sh")));
        Assert.Equal((ClientServer.Thought, ClientServer.Answer), Bodies.Said(events));
    }
}
