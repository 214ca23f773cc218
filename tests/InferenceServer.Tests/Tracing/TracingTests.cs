using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Tracing;

/// <summary>Traces as a collector receives them, and what of them stands in the log.</summary>
public sealed class TracingTests
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Parent = "00f067aa0ba902b7";
    private const string Secret = "Sesame-opens-nothing";

    [Fact]
    public async Task A_collector_sees_a_clients_trace_go_on_in_the_server_with_numbers_and_without_words()
    {
        using var collector = new Collector();
        await using var server = new TracedServer(collector.Address);
        await server.InitializeAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, Chats) { Content = JsonContent.Create<JsonNode>(Chat(Secret).With("n", 2)) };
        request.Headers.Add("traceparent", $"00-{Trace}-{Parent}-01");
        request.Headers.Add("X-Request-Id", "order-66");
        using var response = await server.Http.SendAsync(request);
        var usage = Usage(JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
        Assert.Equal("order-66", Assert.Single(response.Headers.GetValues("X-Request-Id")));

        // The client's probe before the server was ready is not worth a span; the answer is written before its span ends.
        List<Span> spans = [];
        await TestServer.Eventually(() =>
        {
            server.Services.GetRequiredService<TracerProvider>().ForceFlush();
            spans = [.. collector.Bodies.SelectMany(SpanReader.Read).Where(span => span.Trace == Trace)];
            return Task.FromResult(spans.Count >= 2);
        });
        var http = Assert.Single(spans, span => span.Name == "POST /v1/chat/completions");
        Assert.Equal(Parent, http.Parent);
        Assert.Equal(200L, http.Attributes["http.response.status_code"]);
        var chat = Assert.Single(spans, span => span.Name == "chat tiny");
        Assert.Equal(http.Id, chat.Parent);
        Assert.Equal("chat", chat.Attributes["gen_ai.operation.name"]);
        Assert.Equal("tiny", chat.Attributes["gen_ai.request.model"]);
        Assert.Equal((long)usage.Prompt, chat.Attributes["gen_ai.usage.input_tokens"]);
        Assert.Equal((long)usage.Completion, chat.Attributes["gen_ai.usage.output_tokens"]);
        Assert.Equal((long)usage.Reasoning, chat.Attributes["gen_ai.usage.reasoning.output_tokens"]);
        Assert.Equal(2L, chat.Attributes["gen_ai.request.choice.count"]);
        Assert.Equal(2, ((object[])chat.Attributes["gen_ai.response.finish_reasons"]).Length);
        Assert.InRange((double)chat.Attributes["inference.time_to_first_token"], 1e-9, 60);
        foreach (var body in collector.Bodies) Assert.DoesNotContain(Secret, Encoding.UTF8.GetString(body), StringComparison.Ordinal);
        foreach (var body in collector.Bodies) Assert.DoesNotContain("GET /health", Encoding.UTF8.GetString(body), StringComparison.Ordinal);
        Assert.Contains(server.Log.Lines, line => line.Contains("request order-66", StringComparison.Ordinal) && line.Contains($"trace {Trace}", StringComparison.Ordinal));
        Assert.DoesNotContain(server.Log.Lines, line => line.Contains(Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_error_is_told_by_its_code()
    {
        const string Other = "0af7651916cd43dd8448eb211c80319c";
        using var collector = new Collector();
        await using var server = new TracedServer(collector.Address);
        await server.InitializeAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/{Secret}") { Content = JsonContent.Create<JsonNode>(Chat(Secret)) };
        request.Headers.Add("traceparent", $"00-{Other}-{Parent}-01");
        using var response = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        await TestServer.Eventually(() =>
        {
            server.Services.GetRequiredService<TracerProvider>().ForceFlush();
            return Task.FromResult(collector.Bodies.SelectMany(SpanReader.Read).Any(span => span.Trace == Other));
        });
        var span = collector.Bodies.SelectMany(SpanReader.Read).Single(span => span.Trace == Other);
        Assert.Equal("POST", span.Name);
        Assert.Equal("unknown_url", span.Attributes["error.type"]);
        Assert.DoesNotContain(collector.Bodies, body => Encoding.UTF8.GetString(body).Contains(Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_request_keeps_its_clients_name_if_it_is_one_and_without_an_endpoint_nothing_traces()
    {
        await using var server = new TestServer();
        await server.InitializeAsync();
        Assert.Null(server.Services.GetService<TracerProvider>());
        foreach (var (name, kept) in new[] { ("plain-name_1.2:3/4+5=6@7", true), ("two words", false), ("<script>", false), ("", false), (new string('a', 129), false) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
            request.Headers.TryAddWithoutValidation("X-Request-Id", name);
            using var response = await server.Http.SendAsync(request);
            var given = Assert.Single(response.Headers.GetValues("X-Request-Id"));
            if (kept) Assert.Equal(name, given);
            else Assert.Matches("^[0-9a-f]{32}$", given);
        }

        using var unknown = await server.Http.GetAsync("/v1/nothing");
        Assert.Matches("^[0-9a-f]{32}$", Assert.Single(unknown.Headers.GetValues("X-Request-Id")));
    }

    private sealed class TracedServer(string address) : LoggingServer
    {
        protected override IReadOnlyDictionary<string, string> ExtraSettings => new Dictionary<string, string> { ["Telemetry:OtlpEndpoint"] = address };
    }

    /// <summary>Takes what is posted to /v1/traces.</summary>
    private sealed class Collector : IDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly ConcurrentQueue<byte[]> _bodies = new();

        public Collector()
        {
            using (var free = new TcpListener(IPAddress.Loopback, 0))
            {
                free.Start();
                Address = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}";
            }

            _listener.Prefixes.Add(Address + "/");
            _listener.Start();
            _ = Task.Run(ReceiveAsync);
        }

        public string Address { get; }

        public IReadOnlyList<byte[]> Bodies => [.. _bodies];

        public void Dispose() => _listener.Close();

        private async Task ReceiveAsync()
        {
            try
            {
                while (true)
                {
                    var context = await _listener.GetContextAsync();
                    using var body = new MemoryStream();
                    await context.Request.InputStream.CopyToAsync(body);
                    var isExport = context.Request.RawUrl == "/v1/traces" && context.Request.ContentType == "application/x-protobuf";
                    if (isExport) _bodies.Enqueue(body.ToArray());
                    context.Response.StatusCode = isExport ? 200 : 404;
                    context.Response.Close();
                }
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                // Closed.
            }
        }
    }
}
