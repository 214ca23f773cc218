using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Hostile;

/// <summary>
/// HTTP/2's rapid reset (CVE-2023-44487): requests that are taken back the moment they are made, thousands of them on one
/// connection. HTTP/2 is there where an endpoint has TLS, or is set to it.
/// </summary>
[Collection(RudeClients.Name)]
public sealed class RapidResetTests(RudeServer server, ITestOutputHelper output)
{
    private const int Connections = 4;
    private const int RequestsOfOne = 1000;
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte ResetStream = 3;
    private const byte Settings = 4;
    private const byte EndStream = 1;
    private const byte EndHeaders = 4;
    private const int Cancel = 8;

    [Fact]
    public async Task Requests_taken_back_at_once_leave_no_work_and_hold_up_nobody()
    {
        var endless = Chat().With("stream", true).With("max_tokens", 60_000).With("thinking_token_budget", 60_000)
            .With("logit_bias", new JsonObject { ["257"] = -100, ["258"] = -100 }).ToJsonString();
        var memory = await server.Memory();
        var attacks = Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Attack(Encoding.UTF8.GetBytes(endless))));
        do
        {
            Assert.Equal(server.Witness, await server.AskAsync());
        }
        while (!attacks.IsCompleted);

        var sent = await attacks;
        await server.Unharmed();
        var grown = await server.Memory() - memory;
        output.WriteLine($"{string.Join(", ", sent)} requests reset before their connections were closed; memory grew by {grown / 1e6:F1} MB");
        Assert.InRange(grown, double.MinValue, 64 << 20);

        // A client of HTTP/2 that behaves is served as ever.
        using var http = new HttpClient { BaseAddress = server.Http2Address, DefaultRequestVersion = new Version(2, 0), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await http.GetAsync("/v1/models");
        Assert.Equal((new Version(2, 0), true), (response.Version, response.IsSuccessStatusCode));
    }

    /// <summary>How many requests it could make and take back.</summary>
    private async Task<int> Attack(byte[] body)
    {
        using var connection = await RawConnection.OpenAsync(server.Http2Address);
        await connection.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        await connection.SendAsync(Frame(Settings, 0, 0, []));
        var head = Head(body.Length);
        for (var i = 0; i < RequestsOfOne; i++)
        {
            var stream = (2 * i) + 1;
            byte[] all = [.. Frame(Headers, EndHeaders, stream, head), .. Frame(Data, EndStream, stream, body), .. Frame(ResetStream, 0, stream, [0, 0, 0, Cancel])];
            try
            {
                await connection.SendAsync(all);
            }
            catch (System.Net.Sockets.SocketException)
            {
                return i;
            }

            if (connection.IsOver()) return i;
        }

        return RequestsOfOne;
    }

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    /// <summary>The request's head in HPACK (RFC 7541): entries 3 and 6 of its table, and literals with names 4, 1, 28 and 31 of it.</summary>
    private byte[] Head(int length)
    {
        return
        [
            0x83, 0x86,
            .. Literal([0x04], Chats), .. Literal([0x01], server.Http2Address.Authority),
            .. Literal([0x0f, 28 - 15], $"{length}"), .. Literal([0x0f, 31 - 15], "application/json"),
        ];

        static byte[] Literal(byte[] name, string value) => [.. name, (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];
    }
}
