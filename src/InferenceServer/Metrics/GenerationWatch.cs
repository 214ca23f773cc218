using System.Diagnostics;
using InferenceServer.Access;
using InferenceServer.Logging;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Metrics;

/// <summary>
/// One choice of a request, measured where its tokens are born: a client that reads slowly, or has left, changes no number.
/// All times are of one monotonic clock.
/// </summary>
internal sealed class GenerationWatch(ServerMeter meter, ModelActivity activity, string model, GenerationRequest request, Caller caller, RequestLog log)
    : IGenerationObserver
{
    private static readonly KeyValuePair<string, object?> Thought = new(ServerMeter.ChannelTag, "thought");
    private static readonly KeyValuePair<string, object?> Answer = new(ServerMeter.ChannelTag, "answer");

    private readonly KeyValuePair<string, object?> _model = new(ServerMeter.ModelTag, model);
    private readonly long _queued = Stopwatch.GetTimestamp();
    private long _scheduled;
    private long _first;
    private long _last;
    private long _firstAnswer;
    private volatile int _thoughtTokens;
    private volatile int _answerTokens;

    /// <summary>Of this choice so far; read by other threads.</summary>
    public GenerationUsage Usage => new(request.Prompt.Count, _thoughtTokens, _answerTokens);

    /// <summary>In ticks of <see cref="Stopwatch"/>; 0 = not yet.</summary>
    public long FirstToken => Volatile.Read(ref _first);

    public long FirstAnswerToken => Volatile.Read(ref _firstAnswer);

    public FinishReason? Reason { get; private set; }

    public void Scheduled()
    {
        _scheduled = Stopwatch.GetTimestamp();
        activity.Scheduled(model);
        meter.QueueTime.Record(Seconds(_queued, _scheduled), _model);
    }

    public void Happened(GenerationEvent generationEvent)
    {
        switch (generationEvent)
        {
            case GenerationEvent.Token { TokenId: not null } token:
                Saw(token.Channel);
                break;
            case GenerationEvent.PromptScored when request.MaxTokens == 0:
                meter.PromptTokens.Add(request.Prompt.Count, _model); // no token will come to tell that it was read
                break;
            case GenerationEvent.Finished finished:
                Reason = finished.Reason;
                End(Word(finished.Reason), finished);
                break;
            case GenerationEvent.Failed:
                End("error", null);
                break;
            default:
                break;
        }
    }

    private static string Word(FinishReason reason) => reason switch
    {
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        _ => "abort",
    };

    private static double Seconds(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalSeconds;

    private void Saw(TokenChannel channel)
    {
        var now = Stopwatch.GetTimestamp();
        if (_last == 0)
        {
            Volatile.Write(ref _first, now);
            meter.TimeToFirstToken.Record(Seconds(log.Started, now), _model);
            meter.PrefillTime.Record(Seconds(_scheduled, now), _model);
            meter.PromptTokens.Add(request.Prompt.Count, _model);
        }
        else
        {
            meter.TimePerOutputToken.Record(Seconds(_last, now), _model);
        }

        _last = now;
        caller.Used(1);
        meter.GeneratedTokens.Add(1, _model, channel == TokenChannel.Thought ? Thought : Answer);
        if (channel == TokenChannel.Thought)
        {
            _thoughtTokens++;
            return;
        }

        _answerTokens++;
        if (_firstAnswer != 0) return;
        Volatile.Write(ref _firstAnswer, now);
        meter.TimeToFirstAnswer.Record(Seconds(log.Started, now), _model);
    }

    private void End(string reason, GenerationEvent.Finished? finished)
    {
        activity.Ended(model, wasScheduled: _scheduled != 0);
        meter.Finished.Add(1, _model, new KeyValuePair<string, object?>(ServerMeter.ReasonTag, reason));
        // What was cut short says nothing of how long such requests take.
        if (finished is null || finished.Reason == FinishReason.Cancelled || _last == 0) return;
        meter.RequestDuration.Record(Seconds(log.Started, _last), _model);
        meter.DecodeTime.Record(Seconds(_first, _last), _model);
        meter.InferenceTime.Record(Seconds(_scheduled, _last), _model);
        var usage = finished.Usage;
        meter.PromptLength.Record(usage.PromptTokens, _model);
        meter.ThoughtLength.Record(usage.ThoughtTokens, _model);
        meter.AnswerLength.Record(usage.AnswerTokens, _model);
        meter.GenerationLength.Record(usage.CompletionTokens, _model);
        meter.MaxTokens.Record(request.MaxTokens, _model);
    }
}
