using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace InferenceServer.Tests.Hostile;

/// <summary>An endpoint with TLS: refusals go out encrypted like everything else, and HTTP/2 is spoken.</summary>
[Collection(RudeClients.Name)]
public sealed class TlsTests(RudeServer server)
{
    [Fact]
    public async Task What_is_not_http_inside_tls_gets_its_error_object_through_tls()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.SafeAddress.Host, server.SafeAddress.Port);
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(Trusting());
        await tls.WriteAsync("GET /v1/models HTTP/1.1\r\nno colon\r\n\r\n"u8.ToArray());
        using var reader = new StreamReader(tls, Encoding.Latin1);
        var text = await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.StartsWith("HTTP/1.1 400 ", text, StringComparison.Ordinal);
        Assert.EndsWith("\"code\":\"bad_request\"}}", text, StringComparison.Ordinal);
        await server.Unharmed();
    }

    [Fact]
    public async Task A_client_that_can_is_answered_in_http_2()
    {
        using var handler = new SocketsHttpHandler { SslOptions = Trusting() };
        using var http = new HttpClient(handler) { BaseAddress = server.SafeAddress, DefaultRequestVersion = new Version(2, 0), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await http.GetAsync("/v1/models");
        Assert.Equal((new Version(2, 0), true), (response.Version, response.IsSuccessStatusCode));
    }

    // The certificate is made for the test: nobody has signed it.
#pragma warning disable CA5359
    private static SslClientAuthenticationOptions Trusting() => new() { TargetHost = "localhost", RemoteCertificateValidationCallback = static (_, _, _, _) => true };
#pragma warning restore CA5359
}
