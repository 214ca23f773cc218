using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Hostile;

/// <summary>Clients that are rude together: many at once, each of which costs little.</summary>
[Collection(RudeClients.Name)]
public sealed class ManyConnectionsTests(RudeServer server, ITestOutputHelper output)
{
    private const int AtATime = 200;

    // Measured 3 to 6 KB; a thread or a filled buffer for each would be many times that.
    private const int BytesOfAnIdleConnection = 16 * 1024;

    [Fact]
    public async Task Thousands_of_idle_connections_cost_little_and_those_beyond_the_limit_are_closed()
    {
        var others = 4;
        var memory = await server.Memory();
        var handles = await server.OpenHandles();
        var idle = await Open(RudeServer.MaxConnections - others);
        try
        {
            var watch = Stopwatch.StartNew();
            Assert.Equal(server.Witness, await server.AskAsync());
            var grown = await server.Memory() - memory;
            output.WriteLine($"{idle.Count} idle connections: {grown / idle.Count:F0} bytes each, an answer in {watch.ElapsedMilliseconds} ms");
            Assert.InRange(await server.OpenHandles(), handles + idle.Count, handles + idle.Count + 100);
            Assert.InRange(grown, double.MinValue, (double)BytesOfAnIdleConnection * idle.Count);
            Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));

            var beyond = await Open(50);
            idle.AddRange(beyond);
            // The few that the limit still lets in are as good as others; the rest is closed without a word.
            await TestServer.Eventually(() => Task.FromResult(beyond.Count(connection => connection.IsOver()) >= beyond.Count - others));
            Assert.Equal(server.Witness, await server.AskAsync());
        }
        finally
        {
            foreach (var connection in idle) connection.Dispose();
        }

        await TestServer.Eventually(async () => await server.OpenHandles() < handles + 50);
        await server.Unharmed();
    }

    [Fact]
    public async Task Hundreds_of_clients_that_send_a_byte_at_a_time_are_given_up_and_others_are_answered_meanwhile()
    {
        var head = $"POST {Chats} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
        var headers = await Open(300);
        var bodies = await Open(300);
        var answers = headers.Select(connection => Drip(connection, head + "X-Slow: ", "a")).Concat(bodies.Select(connection => Drip(connection, head + "Content-Length: 1000\r\n\r\n{", " "))).ToList();
        var all = Task.WhenAll(answers);
        do
        {
            Assert.Equal(server.Witness, await server.AskAsync());
        }
        while (!all.IsCompleted);

        foreach (var text in await all)
        {
            Assert.StartsWith("HTTP/1.1 408 ", text, StringComparison.Ordinal);
            Assert.Contains("{\"error\":{\"message\"", text, StringComparison.Ordinal);
        }

        await server.Unharmed();
    }

    [Fact]
    public async Task Clients_that_never_read_hold_up_nobody_and_their_answers_pile_up_nowhere()
    {
        const long Slack = 48 << 20;
        await server.Unharmed();
        var before = await server.Memory();
        double[] most = [await BeDeaf(), await BeDeaf(), await BeDeaf(), await BeDeaf()];
        output.WriteLine($"Streams that nobody reads: {before / 1e6:F0} MB before, at most {string.Join(", ", most.Select(bytes => $"{bytes / 1e6:F0}"))} MB");
        // What is ready for a client waits until the client is cut off; then it is gone.
        Assert.InRange(most[0], 0, before + (4 * Slack));
        Assert.InRange(most[2..].Max(), 0, most[..2].Max() + Slack);
        await server.Unharmed();
    }

    /// <summary>Asks for endless streams and reads none of them, until the server has had enough; returns its most memory.</summary>
    private async Task<double> BeDeaf()
    {
        const int Deaf = 10;
        var body = Chat().With("stream", true).With("max_tokens", 60_000).With("thinking_token_budget", 60_000).With("n", 3).With("logprobs", true).With("top_logprobs", 20)
            .With("logit_bias", new JsonObject { ["257"] = -100, ["258"] = -100 }).ToJsonString();
        var request = $"POST {Chats} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";
        var deaf = new List<RawConnection>();
        for (var i = 0; i < Deaf; i++)
        {
            deaf.Add(await RawConnection.OpenAsync(server.Address, receiveBuffer: 4096));
            await deaf[i].SendAsync(request);
            await deaf[i].ReadUntilAsync("data: ");
        }

        // What the systems between them take is full after a while; then the server waits for as long as it may, and cuts.
        var most = 0.0;
        await TestServer.Eventually(async () =>
        {
            Assert.Equal(server.Witness, await server.AskAsync());
            most = Math.Max(most, await server.Memory());
            return await server.Unfinished() == 0;
        });
        foreach (var connection in deaf)
        {
            Assert.DoesNotContain("[DONE]", await connection.ReadToEndAsync(), StringComparison.Ordinal);
            connection.Dispose();
        }

        return most;
    }

    private static async Task<string> Drip(RawConnection connection, string start, string drop)
    {
        using (connection)
        {
            await connection.SendAsync(start);
            var answer = connection.ReadToEndAsync();
            while (!answer.IsCompleted && await connection.TrySendAsync(drop)) await Task.WhenAny(answer, Task.Delay(500));
            return await answer;
        }
    }

    private async Task<List<RawConnection>> Open(int count)
    {
        var open = new List<RawConnection>(count);
        while (open.Count < count) open.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(AtATime, count - open.Count)).Select(_ => RawConnection.OpenAsync(server.Address))));
        return open;
    }
}
