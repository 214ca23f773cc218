using System.Buffers;
using System.IO.Pipelines;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using InferenceServer.Hosting;
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

    private readonly HttpContext _context;
    private readonly TimeSpan _patience;

    private SseWriter(HttpContext context, JavaScriptEncoder? encoder)
    {
        _context = context;
        _patience = TimeSpan.FromSeconds(context.RequestServices.GetRequiredService<ServerSettings>().Http.StallSeconds);
        _pipe = context.Response.BodyWriter;
        _json = new Utf8JsonWriter(_pipe, new JsonWriterOptions { Encoder = encoder, SkipValidation = true });
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
        return new SseWriter(context, encoder);
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

    /// <exception cref="OperationCanceledException">The client has left, or takes nothing any more.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellation)
    {
        var flush = _pipe.FlushAsync(cancellation);
        var result = flush.IsCompleted ? await flush : await TakenAsync(flush.AsTask());
        if (result.IsCompleted) throw new OperationCanceledException("The client has left.", cancellation);
    }

    public void Dispose() => _json.Dispose();

    private async Task<FlushResult> TakenAsync(Task<FlushResult> flush)
    {
        try
        {
            return await flush.WaitAsync(_patience);
        }
        catch (TimeoutException exception)
        {
            _context.Abort();
            throw new OperationCanceledException("The client takes nothing.", exception);
        }
    }
}
