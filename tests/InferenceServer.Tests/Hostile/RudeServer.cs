using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using InferenceServer.Tests.Metrics;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Hostile;

/// <summary>
/// A server in a process of its own, so that its memory and handles can be told from the clients', that listens on a plain
/// port, on one of HTTP/2 and on one with TLS.
/// </summary>
public sealed partial class RudeServer : IAsyncLifetime
{
    private const string Limits = "/proc/self/limits";
    private const int Wanted = 10_000;
    private const int OtherHandles = 1000;

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"inference-server-rude-{Guid.NewGuid():N}");
    private ServerProcess _process = null!;

    /// <summary>Connections the server takes: ten thousand, or what handles of a process allow.</summary>
    public static int MaxConnections { get; } = Math.Min(Wanted, Handles() - OtherHandles);

    public Uri Address { get; } = Local();

    /// <summary>HTTP/2 without TLS, known beforehand.</summary>
    public Uri Http2Address { get; } = Local();

    /// <summary>TLS, with a certificate of its own making.</summary>
    public Uri SafeAddress { get; } = new($"https://127.0.0.1:{ServerProcess.FreePort()}");

    public HttpClient Http { get; private set; } = null!;

    /// <summary>What the witness said first: it must go on saying it.</summary>
    public (string? Thought, string Answer) Witness { get; private set; }

    public async ValueTask InitializeAsync()
    {
        _process = await ServerProcess.StartAsync(
            Address.Port,
            "--Models:0:Path", TinyCheckpoint.Write(Path.Combine(_folder, "tiny"), "tas", context: 65_536),
            "--Engine:KvMemory", "256MB",
            "--Kestrel:Endpoints:Plain:Url", Address.ToString(),
            "--Kestrel:Endpoints:Fast:Url", Http2Address.ToString(),
            "--Kestrel:Endpoints:Fast:Protocols", "Http2",
            "--Kestrel:Endpoints:Safe:Url", SafeAddress.ToString(),
            "--Kestrel:Endpoints:Safe:Certificate:Path", WriteCertificate(),
            "--Server:MaxConnections", MaxConnections.ToString(CultureInfo.InvariantCulture),
            "--Server:Http:HeaderSeconds", "2",
            "--Server:Http:IdleSeconds", "600",
            "--Server:Http:GraceSeconds", "1.5",
            "--Server:Http:StallSeconds", "2");
        Http = _process.Http;
        Witness = await AskAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    public async Task<(string? Thought, string Answer)> AskAsync()
    {
        using var response = await Http.PostAsJsonAsync(Chats, Chat());
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode} {text}");
        return Said(JsonNode.Parse(text)!.AsObject());
    }

    /// <summary>Nothing of anybody runs or waits, and the witness says what it has always said.</summary>
    public async Task Unharmed()
    {
        await TestServer.Eventually(async () => await Unfinished() + await Metric("vllm:kv_cache_usage_perc") == 0);
        Assert.Equal(Witness, await AskAsync());
    }

    public async Task<double> Unfinished() => await Metric("vllm:num_requests_running") + await Metric("vllm:num_requests_waiting");

    public Task<double> Memory() => Metric("process_resident_memory_bytes", ofModel: false);

    public Task<double> OpenHandles() => Metric("process_open_fds", ofModel: false);

    private string WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var path = Path.Combine(_folder, "server.pfx");
        File.WriteAllBytes(path, certificate.Export(X509ContentType.Pfx));
        return path;
    }

    private static Uri Local() => new($"http://127.0.0.1:{ServerProcess.FreePort()}");

    private static int Handles() => File.Exists(Limits) && MaxFiles().Match(File.ReadAllText(Limits)) is { Success: true } limit
        ? int.Parse(limit.Groups[1].Value, CultureInfo.InvariantCulture) : 2000;

    [GeneratedRegex(@"Max open files +\d+ +(\d{1,9})\b")]
    private static partial Regex MaxFiles();

    private async Task<double> Metric(string name, bool ofModel = true)
    {
        var metrics = Exposition.Parse(await Http.GetStringAsync("/metrics"));
        return ofModel ? metrics[name, ("model_name", "tiny")] : metrics[name];
    }
}

/// <summary>One after the other: each fills the server's connections or watches its memory.</summary>
[CollectionDefinition(Name)]
public sealed class RudeClients : ICollectionFixture<RudeServer>
{
    public const string Name = "rude clients";
}
