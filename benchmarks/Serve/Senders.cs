using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using InferenceServer.Models;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Benchmarks.Serve;

/// <summary>Streams over HTTP. Events are told apart by name and not parsed, so that little of the processor goes to the client.</summary>
internal sealed class HttpSender(Uri address, Workload workload) : IDisposable
{
    private enum Kind
    {
        Other,
        Thought,
        Answer,
        Done,
        Error,
    }

    private readonly HttpClient _client = new(new SocketsHttpHandler { MaxConnectionsPerServer = int.MaxValue })
    {
        BaseAddress = address,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public async Task<StreamTrace> SendAsync(int request, long due)
    {
        var trace = new StreamTrace { Error = "The stream ended without 'done'." };
        try
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, "/v1/generate") { Content = new ByteArrayContent(workload.Body(request)) };
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var answer = await _client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
            if (!answer.IsSuccessStatusCode) throw new HttpRequestException($"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
            using var stream = await answer.Content.ReadAsStreamAsync();
            await foreach (var item in SseParser.Create(stream, Read).EnumerateAsync())
            {
                var at = Stopwatch.GetElapsedTime(due).TotalSeconds;
                switch (item.Data.Kind)
                {
                    case Kind.Thought:
                        trace.Add(TokenChannel.Thought, at);
                        break;
                    case Kind.Answer:
                        trace.Add(TokenChannel.Answer, at);
                        break;
                    case Kind.Done:
                        (trace.End, trace.Error) = (at, null);
                        break;
                    case Kind.Error:
                        trace.Error = item.Data.Text;
                        break;
                }
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            trace.Error = exception.Message;
        }

        return trace;
    }

    public void Dispose() => _client.Dispose();

    private static (Kind Kind, string? Text) Read(string name, ReadOnlySpan<byte> data) => name switch
    {
        "thought" => (Kind.Thought, null),
        "answer" => (Kind.Answer, null),
        "done" => (Kind.Done, null),
        "error" => (Kind.Error, Encoding.UTF8.GetString(data)),
        _ => (Kind.Other, null),
    };
}

/// <summary>The same requests to an engine in this process.</summary>
internal sealed class EngineSender(ServedModel model, Workload workload)
{
    public async Task<StreamTrace> SendAsync(int request, long due)
    {
        var trace = new StreamTrace();
        await foreach (var next in model.Submit(workload.Request(request)).Events.ReadAllAsync())
        {
            var at = Stopwatch.GetElapsedTime(due).TotalSeconds;
            if (next is GenerationEvent.Token token) trace.Add(token.Channel, at);
            else if (next is GenerationEvent.Failed failed) trace.Error = failed.Message;
            else if (next is GenerationEvent.Finished) trace.End = at;
        }

        return trace;
    }
}
