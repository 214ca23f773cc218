using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;

namespace InferenceServer.Tests.Clients;

/// <summary>
/// The JavaScript samples and the scripts of these tests side by side in one folder, with the packages that
/// samples/javascript/package-lock.json names: those are installed once.
/// </summary>
internal static class NodeClients
{
    private const string Lock = "package-lock.json";

    private static readonly string[] Sources = ["samples/javascript", "tests/InferenceServer.Tests/Clients/Scripts"];
    private static readonly SemaphoreSlim Once = new(1, 1);
    private static bool _ready;

    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "javascript-clients");

    /// <summary>Runs a script against a server; skips the test where there is no Node.</summary>
    public static async Task<string> RunAsync(TestServer server, string script, params string[] arguments)
    {
        await PrepareAsync();
        return await ClientProcess.RunAsync(Folder, Environment(server), "node", [script, .. arguments]);
    }

    /// <summary>Runs a script that says what it saw as one JSON object.</summary>
    public static async Task<JsonObject> AskAsync(TestServer server, string script) => JsonNode.Parse(await RunAsync(server, script))!.AsObject();

    /// <summary>A program of one of the packages.</summary>
    public static string Program(string name) => Path.Combine(Folder, "node_modules", ".bin", name);

    public static Dictionary<string, string> Environment(TestServer server) => new()
    {
        ["INFERENCE_SERVER"] = server.Http.BaseAddress!.ToString().TrimEnd('/'),
        ["INFERENCE_MODEL"] = ClientServer.Model,
    };

    public static async Task PrepareAsync()
    {
        Assert.SkipUnless(ClientProcess.Exists("node") && ClientProcess.Exists("npm"), "Node is not installed; on Debian: apt-get install nodejs npm.");
        await Once.WaitAsync();
        try
        {
            if (_ready) return;
            Directory.CreateDirectory(Folder);
            var files = Sources.SelectMany(source => Directory.EnumerateFiles(Repository.Path(source)));
            foreach (var file in files) File.Copy(file, Path.Combine(Folder, Path.GetFileName(file)), overwrite: true);
            await InstallAsync();
            _ready = true;
        }
        finally
        {
            Once.Release();
        }
    }

    private static async Task InstallAsync()
    {
        var wanted = await File.ReadAllTextAsync(Path.Combine(Folder, Lock));
        var installed = Path.Combine(Folder, "node_modules", "installed-" + Lock);
        if (File.Exists(installed) && await File.ReadAllTextAsync(installed) == wanted) return;
        await ClientProcess.RunAsync(Folder, null, "npm", "ci", "--no-audit", "--no-fund");
        await File.WriteAllTextAsync(installed, wanted);
    }
}
