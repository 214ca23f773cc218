using InferenceServer.Access;
using InferenceServer.Errors;
using InferenceServer.Logging;
using InferenceServer.Metrics;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using InferenceServer.Requests;
using InferenceServer.Tracing;

namespace InferenceServer.Streaming;

/// <summary>An event of one of a request's choices.</summary>
public readonly record struct ChoiceEvent(int Choice, GenerationEvent Event);

/// <summary>
/// All generations of one HTTP request, read as one sequence of events. Ends their work when the client leaves or the
/// handler does, whichever comes first.
/// </summary>
public sealed class GenerationRun : IDisposable
{
    private readonly List<Generation> _generations = [];
    private readonly List<GenerationWatch> _watches = [];
    private readonly Task<bool>?[] _waits;
    private readonly RequestLog _log;
    private readonly CancellationTokenRegistration _abort;
    private readonly TimeSpan _limit;
    private readonly GenerationSpan _span;
    private int _next;

    private GenerationRun(MappedRequest request, HttpContext context, TimeSpan limit, GenerationTelemetry telemetry)
    {
        Request = request;
        Caller = Caller.Of(context);
        _limit = limit;
        _waits = new Task<bool>?[request.Generations.Count];
        _log = RequestLog.Of(context);
        _log.Model = request.Model.Name;
        Usage = new GenerationUsage(request.PromptTokens, 0, 0);
        _span = telemetry.Begin(request);
        try
        {
            foreach (var generation in request.Generations)
            {
                _watches.Add(telemetry.Watch(request.Model.Name, generation, Caller, _log));
                _generations.Add(request.Model.Submit(generation, _watches[^1]));
                telemetry.Queued(request.Model.Name);
            }
        }
        catch (EngineBusyException exception)
        {
            Abandon("queue_full");
            throw ApiException.Busy(exception);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ObjectDisposedException)
        {
            Abandon("engine_unavailable");
            throw ApiException.Unavailable("The engine takes no requests; see /health.", "engine_unavailable", retryAfter: 5);
        }

        Caller.Used(request.PromptTokens);
        _abort = context.RequestAborted.UnsafeRegister(static run => ((GenerationRun)run!).Cancel(), this);
    }

    public MappedRequest Request { get; }

    /// <summary>Who started it, and alone may command it.</summary>
    public Caller Caller { get; }

    public int Choices => _waits.Length;

    /// <summary>Choices that have sent their last event.</summary>
    public int Ended { get; private set; }

    public bool HasEnded => Ended == Choices;

    /// <summary>Of the choices that have ended; complete when all have.</summary>
    public GenerationUsage Usage { get; private set; }

    /// <param name="limit">How long the request may take from its arrival; infinite = no limit.</param>
    /// <exception cref="ApiException">429: the queue is full. 503: the engine takes no requests.</exception>
    public static GenerationRun Start(MappedRequest request, HttpContext context, TimeSpan limit, GenerationTelemetry telemetry) =>
        new(request, context, limit, telemetry);

    /// <summary>The next event, if one is there already.</summary>
    public bool TryRead(out ChoiceEvent choiceEvent)
    {
        for (var tried = 0; tried < _generations.Count; tried++)
        {
            var choice = (_next + tried) % _generations.Count;
            if (!_generations[choice].Events.TryRead(out var found)) continue;
            _next = choice + 1;
            Observe(found, choice);
            choiceEvent = new ChoiceEvent(choice, found);
            return true;
        }

        choiceEvent = default;
        return false;
    }

    /// <summary>Until an event may be there, or the patience is over: then false.</summary>
    /// <exception cref="ApiException">503: the request has taken as long as it may.</exception>
    public async ValueTask<bool> WaitAsync(TimeSpan patience, CancellationToken cancellation)
    {
        var left = TimeLeft();
        try
        {
            await AnyEvent().WaitAsync(Shorter(patience, left), cancellation);
            return true;
        }
        catch (TimeoutException)
        {
            TimeLeft();
            return false;
        }
    }

    /// <summary>Ends every choice with what it has said so far.</summary>
    public void Cancel()
    {
        foreach (var generation in _generations) generation.Cancel();
    }

    /// <summary>Sends each choice the command made for its request; returns how many had a use for it.</summary>
    public async Task<int> SendAsync(Func<GenerationRequest, ProgramCommand> command)
    {
        var applied = await Task.WhenAll(_generations.Select(generation => generation.SendAsync(command(generation.Request))));
        return applied.Count(used => used);
    }

    public void Dispose()
    {
        _abort.Dispose();
        Cancel();
        // What a client that left did not wait for was generated all the same.
        _log.Usage = new GenerationUsage(Request.PromptTokens, _watches.Sum(watch => watch.Usage.ThoughtTokens), _watches.Sum(watch => watch.Usage.AnswerTokens));
        _span.End(_watches, Request.PromptTokens, _log, _log.Error);
    }

    private void Abandon(string error)
    {
        _log.Error = error;
        Dispose();
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other)
    {
        if (one == Timeout.InfiniteTimeSpan) return other;
        return other == Timeout.InfiniteTimeSpan || one < other ? one : other;
    }

    private TimeSpan TimeLeft()
    {
        if (_limit == Timeout.InfiniteTimeSpan) return _limit;
        var left = _limit - TimeSpan.FromMilliseconds(_log.Milliseconds);
        if (left > TimeSpan.Zero) return left;
        _log.Error = "request_timeout";
        throw new ApiException(
            StatusCodes.Status503ServiceUnavailable, $"The request took longer than {_limit.TotalSeconds} s (setting Server:RequestSeconds).", "request_timeout");
    }

    private void Observe(GenerationEvent generationEvent, int choice)
    {
        switch (generationEvent)
        {
            case GenerationEvent.Token:
                _log.SawToken();
                break;
            case GenerationEvent.Finished finished:
                Ended++;
                Usage = Usage with
                {
                    ThoughtTokens = Usage.ThoughtTokens + finished.Usage.ThoughtTokens,
                    AnswerTokens = Usage.AnswerTokens + finished.Usage.AnswerTokens,
                    // As the prompt's own, once for all its choices.
                    CachedTokens = Usage.CachedTokens + (Request.Generations[choice].Choice == 0 ? finished.Usage.CachedTokens : 0),
                };
                break;
            case GenerationEvent.Failed failed:
                _log.Error = ApiException.Failed(failed).Code;
                break;
            default:
                break;
        }
    }

    // One wait a channel at a time: a second one on the same channel would cancel the first.
    private Task AnyEvent()
    {
        for (var choice = 0; choice < _generations.Count; choice++)
        {
            var events = _generations[choice].Events;
            if (events.Completion.IsCompleted) _waits[choice] = null;
            else if (_waits[choice] is null or { IsCompleted: true }) _waits[choice] = events.WaitToReadAsync().AsTask();
        }

        if (_waits.Length == 1) return _waits[0] ?? Task.CompletedTask;
        var open = _waits.OfType<Task<bool>>().ToArray();
        return open.Length == 0 ? Task.CompletedTask : Task.WhenAny(open);
    }
}
