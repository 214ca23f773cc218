using System.Text;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Hostile;

/// <summary>Clients that are slow, broken or rude on the level of the connection.</summary>
public sealed class ConnectionTests(ConnectionTests.ImpatientServer server) : IClassFixture<ConnectionTests.ImpatientServer>
{
    private static readonly string Good = Request(Chat(BadInputs.Secret).With("max_tokens", 4).ToJsonString());

    [Theory]
    [InlineData("GET\r\n\r\n", "400")]
    [InlineData("GET /v1/models\r\n\r\n", "505")]
    [InlineData("GET /v1/models HTTP/9.9\r\nHost: a\r\n\r\n", "505")]
    [InlineData("GET /v1/models HTTP/1.1\r\n\r\n", "400")]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400")]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", "400")]
    [InlineData("GET /v1/\0models HTTP/1.1\r\nHost: a\r\n\r\n", "400")]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n", "400")]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "400")]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", "400")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "")]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u0001\u0000", "")]
    public async Task What_is_not_http_is_refused_by_the_web_server(string bytes, string status)
    {
        var text = await ExchangeAsync(bytes);
        if (status == "400") Refused(text, status);
        else if (status.Length > 0) Assert.StartsWith($"HTTP/1.1 {status} ", text, StringComparison.Ordinal);
        else Assert.DoesNotContain(" 200 ", text, StringComparison.Ordinal);
        await Unharmed();
    }

    [Fact]
    public async Task What_is_not_http_is_told_so_in_the_words_of_the_api_it_was_for()
    {
        var text = await ExchangeAsync("POST /v1/messages HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", text, StringComparison.Ordinal);
        Assert.Contains("{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":", text, StringComparison.Ordinal);
        // To HEAD there is a head only, and behind a good answer the bad one stands by itself.
        Assert.EndsWith("\r\n\r\n", await ExchangeAsync("HEAD /v1/models HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        var two = await ExchangeAsync("GET /live HTTP/1.1\r\nHost: a\r\n\r\nGET\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK", two, StringComparison.Ordinal);
        Refused(two[two.LastIndexOf("HTTP/1.1 400", StringComparison.Ordinal)..], "400");
        await Unharmed();
    }

    [Fact]
    public async Task Headers_beyond_the_limits_are_refused()
    {
        Refused(await ExchangeAsync($"GET /v1/{new string('a', 9000)} HTTP/1.1\r\nHost: a\r\n\r\n"), "414");
        Refused(await ExchangeAsync($"GET /v1/models HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {new string('k', 40_000)}\r\n\r\n"), "431");
        var many = string.Concat(Enumerable.Range(0, 101).Select(i => $"X-{i}: 1\r\n"));
        Refused(await ExchangeAsync($"GET /v1/models HTTP/1.1\r\nHost: a\r\n{many}\r\n"), "431");
        await Unharmed();
    }

    [Fact]
    public async Task A_body_in_broken_pieces_gets_the_error_object()
    {
        var text = await ExchangeAsync("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", text, StringComparison.Ordinal);
        Assert.Contains("\"error\":{\"message\"", text, StringComparison.Ordinal);
        await Unharmed();
    }

    [Fact]
    public async Task Headers_that_never_end_cost_a_connection_for_seconds_only()
    {
        using var connection = await RawConnection.OpenAsync(server.Http.BaseAddress!);
        await connection.SendAsync("GET /v1/models HTTP/1.1\r\nHost: a\r\nX-Slow: ");
        var answer = connection.ReadToEndAsync();
        for (var i = 0; i < 5 && !answer.IsCompleted; i++)
        {
            await Task.Delay(300);
            await connection.TrySendAsync("a");
        }

        Refused(await answer, "408");
        await Unharmed();
    }

    [Fact]
    public async Task A_body_a_byte_a_second_is_given_up()
    {
        using var connection = await RawConnection.OpenAsync(server.Http.BaseAddress!);
        await connection.SendAsync("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{");
        var answer = connection.ReadToEndAsync();
        for (var i = 0; i < 20 && !answer.IsCompleted; i++)
        {
            await Task.Delay(500);
            await connection.TrySendAsync(" ");
        }

        var text = await answer;
        Assert.StartsWith("HTTP/1.1 408 ", text, StringComparison.Ordinal);
        Assert.Contains("\"error\":{\"message\"", text, StringComparison.Ordinal);
        await Unharmed();
    }

    [Fact]
    public async Task A_client_that_asks_first_and_one_that_asks_twice_at_once_are_answered()
    {
        var asking = Good.Replace("Host: a", "Host: a\r\nExpect: 100-continue", StringComparison.Ordinal);
        var body = asking.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        using var connection = await RawConnection.OpenAsync(server.Http.BaseAddress!);
        await connection.SendAsync(asking[..body]);
        await connection.ReadUntilAsync("HTTP/1.1 100 Continue\r\n\r\n");
        await connection.SendAsync(asking[body..]);
        Assert.StartsWith("HTTP/1.1 200 OK", await connection.ReadToEndAsync(), StringComparison.Ordinal);
        var two = await ExchangeAsync(Good.Replace("Connection: close\r\n", "", StringComparison.Ordinal) + Good);
        Assert.Equal(2, two.Split("HTTP/1.1 200 OK").Length - 1);
        await Unharmed();
    }

    [Fact]
    public async Task A_client_that_has_said_all_may_still_listen_or_be_taken_to_have_left()
    {
        using var connection = await RawConnection.OpenAsync(server.Http.BaseAddress!);
        await connection.SendAsync(Good);
        connection.EndSending();
        var text = await connection.ReadToEndAsync();
        Assert.True(text.Length == 0 || (text.StartsWith("HTTP/1.1 200 OK", StringComparison.Ordinal) && text.Contains("\"usage\"", StringComparison.Ordinal)), text);
        await Unharmed();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reset_in_the_middle_of_a_stream_ends_its_work(bool afterFirstChunk)
    {
        using var connection = await RawConnection.OpenAsync(server.Http.BaseAddress!);
        await connection.SendAsync(Request(Endless().ToJsonString()));
        if (afterFirstChunk) await connection.ReadUntilAsync("data: ");
        connection.Reset();
        await Unharmed();
    }

    [Fact]
    public async Task A_client_that_never_reads_is_cut_off()
    {
        using var connection = await RawConnection.OpenAsync(server.Http.BaseAddress!, receiveBuffer: 4096);
        await connection.SendAsync(Request(Endless().With("n", 4).With("logprobs", true).With("top_logprobs", 20).ToJsonString()));
        await connection.ReadUntilAsync("data: ");
        await server.BecomesIdle();
        Assert.DoesNotContain("[DONE]", await connection.ReadToEndAsync(), StringComparison.Ordinal);
        await Unharmed();
    }

    [Fact]
    public async Task Idle_connections_are_closed_and_disturb_nobody()
    {
        var idle = new List<RawConnection>();
        for (var i = 0; i < 300; i++) idle.Add(await RawConnection.OpenAsync(server.Http.BaseAddress!));
        await Unharmed();
        Assert.Equal("", await idle[0].ReadToEndAsync());
        foreach (var connection in idle) connection.Dispose();
    }

    private static string Request(string body) =>
        $"POST {Chats} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";

    private static JsonObject Endless() => Chat(BadInputs.Secret).With("stream", true).With("max_tokens", 60_000).With("thinking_token_budget", 60_000)
        .With("logit_bias", new JsonObject { ["257"] = -100, ["258"] = -100 });

    /// <summary>One whole answer with the error object, and then nothing more.</summary>
    private static void Refused(string text, string status)
    {
        Assert.StartsWith($"HTTP/1.1 {status} ", text, StringComparison.Ordinal);
        var (head, body) = (text[..text.IndexOf("\r\n\r\n", StringComparison.Ordinal)], text[(text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
        Assert.Contains($"\r\nContent-Length: {body.Length}\r\n", head, StringComparison.Ordinal);
        foreach (var header in (string[])["Content-Type: application/json", "Connection: close", "X-Request-Id: "]) Assert.Contains($"\r\n{header}", head, StringComparison.Ordinal);
        var error = JsonNode.Parse(body)!["error"]!;
        Assert.Equal(("invalid_request_error", "bad_request"), ((string)error["type"]!, (string)error["code"]!));
        Assert.InRange(((string)error["message"]!).Length, 10, 300);
    }

    private async Task<string> ExchangeAsync(string bytes)
    {
        using var connection = await RawConnection.OpenAsync(server.Http.BaseAddress!);
        await connection.SendAsync(bytes);
        return await connection.ReadToEndAsync();
    }

    private async Task Unharmed()
    {
        await server.BecomesIdle();
        Assert.DoesNotContain(server.Log.Lines, line => line.Contains(BadInputs.Secret, StringComparison.Ordinal));
        Assert.DoesNotContain(server.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal) || line.StartsWith("Critical", StringComparison.Ordinal));
        var first = await server.Witness;
        Assert.Equal(first, Said(await server.CallAsync(Chats, Chat())));
    }

    /// <summary>Bears with nobody for long.</summary>
    public sealed class ImpatientServer : LoggingServer
    {
        protected override IReadOnlyDictionary<string, string> ExtraSettings => new Dictionary<string, string>
        {
            ["Models:0:Path"] = TinyCheckpoint.Write(Path.Combine(Folder, "endless", "tiny"), "tas", context: 65_536),
            ["Engine:KvMemory"] = "256MB",
            ["Server:Http:HeaderSeconds"] = "1",
            ["Server:Http:IdleSeconds"] = "4",
            ["Server:Http:GraceSeconds"] = "1.5",
            ["Server:Http:StallSeconds"] = "2",
        };
    }
}
