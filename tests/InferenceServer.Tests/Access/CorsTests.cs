using System.Net;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Access;

public sealed class CorsTests
{
    private const string Origin = "https://chat.example.org";
    private const string Allowed = "Access-Control-Allow-Origin";

    [Fact]
    public async Task Pages_of_a_named_origin_may_call_and_read_errors_and_others_may_not()
    {
        await using var server = new OpenToOrigin();
        await server.InitializeAsync();
        using var preflight = await Send(server, HttpMethod.Options, Chats, Origin);
        Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
        Assert.Equal(Origin, Assert.Single(preflight.Headers.GetValues(Allowed)));
        Assert.Contains("POST", Assert.Single(preflight.Headers.GetValues("Access-Control-Allow-Methods")), StringComparison.Ordinal);

        using var unauthorized = await Send(server, HttpMethod.Get, "/v1/models", Origin);
        Assert.Equal(HttpStatusCode.Unauthorized, unauthorized.StatusCode);
        Assert.Equal(Origin, Assert.Single(unauthorized.Headers.GetValues(Allowed)));
        Assert.Contains("X-Generation-Id", Assert.Single(unauthorized.Headers.GetValues("Access-Control-Expose-Headers")), StringComparison.Ordinal);

        using var foreign = await Send(server, HttpMethod.Options, Chats, "https://evil.example.org");
        Assert.False(foreign.Headers.Contains(Allowed));
    }

    [Fact]
    public async Task Without_the_setting_no_page_may()
    {
        await using var server = new TestServer();
        await server.InitializeAsync();
        using var response = await Send(server, HttpMethod.Get, "/v1/models", Origin);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.False(response.Headers.Contains(Allowed));
    }

    private static async Task<HttpResponseMessage> Send(TestServer server, HttpMethod method, string path, string origin)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Add("Origin", origin);
        if (method == HttpMethod.Options) request.Headers.Add("Access-Control-Request-Method", "POST");
        return await server.Http.SendAsync(request);
    }

    private sealed class OpenToOrigin : TestServer
    {
        protected override IReadOnlyDictionary<string, string> ExtraSettings => new Dictionary<string, string>
        {
            ["Access:CorsOrigins:0"] = Origin,
            ["Access:Keys:0:Name"] = "one",
            ["Access:Keys:0:Sha256"] = LockedServer.Hash("one-key-0123456789"),
        };
    }
}
