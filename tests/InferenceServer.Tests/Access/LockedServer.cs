using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;

namespace InferenceServer.Tests.Access;

/// <summary>The server with keys: one that may do all, one that sees no thoughts, one that commands nothing, two that are limited.</summary>
public sealed class LockedServer : TestServer
{
    public const string All = "all-key-0123456789";
    public const string Thoughtless = "thoughtless-key-0123456789";
    public const string Mute = "mute-key-0123456789";
    public const string Seldom = "seldom-key-0123456789";
    public const string Brief = "brief-key-0123456789";
    public const int Context = 16_384;

    private static readonly (string Name, string Key)[] Keys = [("all", All), ("thoughtless", Thoughtless), ("mute", Mute), ("seldom", Seldom), ("brief", Brief)];

    protected override IReadOnlyDictionary<string, string> ExtraSettings
    {
        get
        {
            var settings = new Dictionary<string, string>
            {
                ["Models:0:Path"] = TinyCheckpoint.Write(Path.Combine(Folder, "patient", "tiny"), "tas", context: Context),
                ["Engine:KvMemory"] = "64MB",
                ["Access:Keys:1:Thoughts"] = "false",
                ["Access:Keys:2:Commands"] = "false",
                ["Access:Keys:3:RequestsPerMinute"] = "3",
                ["Access:Keys:4:TokensPerMinute"] = "120",
            };
            foreach (var (i, (name, key)) in Keys.Index())
            {
                settings[$"Access:Keys:{i}:Name"] = name;
                settings[$"Access:Keys:{i}:Sha256"] = Hash(key);
            }

            return settings;
        }
    }

    public static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? key, JsonNode? body = null, HttpCompletionOption until = HttpCompletionOption.ResponseContentRead)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = JsonContent.Create(body);
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return await Http.SendAsync(request, until);
    }

    public Task<HttpResponseMessage> PostAsync(string path, string? key, JsonNode body) => SendAsync(HttpMethod.Post, path, key, body);

    /// <summary>A stream that goes on until it is commanded otherwise; returned with its id once its head is here.</summary>
    public async Task<(HttpResponseMessage Response, string Id)> StartAsync(string key)
    {
        var body = Bodies.Completion().With("stream", true).With("max_tokens", 15_000).With("thinking_token_budget", 15_000)
            .With("logit_bias", new JsonObject { ["65"] = 100 });
        var response = await SendAsync(HttpMethod.Post, Bodies.Generate, key, body, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}");
        return (response, Assert.Single(response.Headers.GetValues("X-Generation-Id")));
    }

    public static async Task<string?> CodeOf(HttpResponseMessage response)
    {
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!.AsObject();
        Assert.Equal(["message", "type", "param", "code"], error.Select(field => field.Key));
        Assert.NotEmpty((string)error["message"]!);
        return (string?)error["code"];
    }
}
