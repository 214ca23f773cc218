using System.Buffers;
using System.IO.Pipelines;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;

namespace InferenceServer.Streaming;

/// <summary>
/// Writes server-sent events straight into the response's pipe: no string, no copy, and no flush until asked, so that
/// events that are ready together leave together.
/// </summary>
public sealed class SseWriter : IDisposable
{
    private readonly PipeWriter _pipe;
    private readonly Utf8JsonWriter _json;

    private SseWriter(PipeWriter pipe, JavaScriptEncoder? encoder)
    {
        _pipe = pipe;
        _json = new Utf8JsonWriter(pipe, new JsonWriterOptions { Encoder = encoder, SkipValidation = true });
    }

    /// <summary>Bytes written since the last flush.</summary>
    public long Unflushed => _pipe.UnflushedBytes;

    /// <summary>Names the generation for commands to it.</summary>
    public const string IdHeader = "X-Generation-Id";

    /// <summary>Sends the head of the response.</summary>
    public static async Task<SseWriter> StartAsync(HttpContext context, string id, JavaScriptEncoder? encoder)
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache, no-store";
        response.Headers[IdHeader] = id;
        response.Headers["X-Accel-Buffering"] = "no"; // nginx would otherwise collect the stream
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await response.StartAsync(context.RequestAborted);
        return new SseWriter(response.BodyWriter, encoder);
    }

    public void Write<T>(T value, JsonTypeInfo<T> type, string? eventName = null)
    {
        if (eventName is not null)
        {
            _pipe.Write("event: "u8);
            _pipe.Write(System.Text.Encoding.UTF8.GetBytes(eventName));
            _pipe.Write("\n"u8);
        }

        _pipe.Write("data: "u8);
        _json.Reset();
        JsonSerializer.Serialize(_json, value, type);
        _json.Flush();
        _pipe.Write("\n\n"u8);
    }

    /// <summary>The line that ends a stream of OpenAI's kind.</summary>
    public void WriteDone() => _pipe.Write("data: [DONE]\n\n"u8);

    /// <summary>A comment, which clients ignore and proxies take for life.</summary>
    public void WriteKeepAlive() => _pipe.Write(": keep-alive\n\n"u8);

    public async ValueTask FlushAsync(CancellationToken cancellation)
    {
        var result = await _pipe.FlushAsync(cancellation);
        if (result.IsCompleted) throw new OperationCanceledException("The client has left.", cancellation);
    }

    public void Dispose() => _json.Dispose();
}
