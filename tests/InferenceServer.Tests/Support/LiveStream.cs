using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace InferenceServer.Tests.Support;

/// <summary>A stream that is read event by event while it runs.</summary>
internal sealed class LiveStream : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _reader;

    private LiveStream(HttpResponseMessage response, Stream body) => (_response, _reader) = (response, new StreamReader(body));

    public string Id => Assert.Single(_response.Headers.GetValues("X-Generation-Id"));

    public static async Task<LiveStream> OpenAsync(TestServer server, string path, JsonObject body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create<JsonNode>(body.With("stream", true)) };
        var response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}");
        return new LiveStream(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>The next event; null at the end.</summary>
    public async Task<SseEvent?> NextAsync()
    {
        string? name = null;
        string? data = null;
        while (await _reader.ReadLineAsync() is { } line)
        {
            if (line.Length == 0 && data is not null) return new SseEvent(name, data);
            if (line.StartsWith("event: ", StringComparison.Ordinal)) name = line["event: ".Length..];
            if (line.StartsWith("data: ", StringComparison.Ordinal)) data = line["data: ".Length..];
        }

        return null;
    }

    /// <summary>All up to and with the first event like this.</summary>
    public async Task<List<SseEvent>> UntilAsync(Func<SseEvent, bool> wanted)
    {
        var seen = new List<SseEvent>();
        while (await NextAsync() is { } next)
        {
            seen.Add(next);
            if (wanted(next)) return seen;
        }

        Assert.Fail($"The stream ended without it: {string.Concat(seen.TakeLast(3).Select(entry => entry.Data))}");
        return seen;
    }

    public async Task<List<SseEvent>> RestAsync()
    {
        var seen = new List<SseEvent>();
        while (await NextAsync() is { } next) seen.Add(next);
        return seen;
    }

    public void Dispose()
    {
        _reader.Dispose();
        _response.Dispose();
    }
}
