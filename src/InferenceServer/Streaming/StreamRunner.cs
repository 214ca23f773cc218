using InferenceServer.Errors;
using InferenceServer.Hosting;
using InferenceServer.Models.Engine;
using InferenceServer.Requests;

namespace InferenceServer.Streaming;

/// <summary>
/// Answers a request with a stream: (1) head and first chunk, (2) every event that is there, (3) flush when there is none,
/// (4) wait, with a comment after a long silence, (5) end. A failure on the way is told as an error chunk, then the
/// connection is cut, so that no client takes a broken stream for a complete one.
/// </summary>
public sealed partial class StreamRunner(ServerSettings settings, WireFormat wire, ILogger<StreamRunner> logger)
{
    // Readers of a backlog should not wait for its end.
    private const int FlushBytes = 16 * 1024;

    private readonly TimeSpan _patience =
        settings.KeepAliveSeconds > 0 ? TimeSpan.FromSeconds(settings.KeepAliveSeconds) : Timeout.InfiniteTimeSpan;

    /// <exception cref="StreamCutException">The stream failed after its head was sent; the error chunk is out.</exception>
    public async Task WriteAsync(HttpContext context, GenerationRun run, StreamFormat format)
    {
        var cancellation = context.RequestAborted;
        using var writer = await SseWriter.StartAsync(context, run.Request.Id, wire.Options.Encoder);
        try
        {
            format.Begin(writer);
            while (!run.HasEnded)
            {
                while (run.TryRead(out var next))
                {
                    Write(writer, format, next);
                    if (writer.Unflushed > FlushBytes) await writer.FlushAsync(cancellation);
                }

                if (run.HasEnded) break;
                await writer.FlushAsync(cancellation);
                while (!await run.WaitAsync(_patience, cancellation))
                {
                    format.KeepAlive(writer);
                    await writer.FlushAsync(cancellation);
                }
            }

            format.Complete(writer, run.Usage);
            await writer.FlushAsync(cancellation);
        }
        catch (Exception exception) when (exception is not OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            var error = exception as ApiException ?? ApiException.Failed("The server failed; see its log.");
            if (exception is not ApiException) Failed(exception);
            format.Fail(writer, error.Response);
            await writer.FlushAsync(cancellation);
            throw new StreamCutException(error.Message);
        }
    }

    private static void Write(SseWriter writer, StreamFormat format, ChoiceEvent next)
    {
        switch (next.Event)
        {
            case GenerationEvent.Token token:
                format.Token(writer, next.Choice, token);
                break;
            case GenerationEvent.PromptScored scored:
                format.PromptScored(writer, next.Choice, scored);
                break;
            case GenerationEvent.Peeked peeked:
                format.Peeked(writer, next.Choice, peeked);
                break;
            case GenerationEvent.Restarted restarted:
                format.Restarted(writer, next.Choice, restarted);
                break;
            case GenerationEvent.Finished finished:
                format.Finished(writer, next.Choice, finished);
                break;
            case GenerationEvent.Failed failed:
                throw ApiException.Failed(failed);
            default:
                throw new InvalidOperationException($"Unknown event {next.Event.GetType().Name}.");
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A stream failed.")]
    private partial void Failed(Exception exception);
}
