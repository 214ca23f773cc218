namespace InferenceServer.Models.Engine;

/// <summary>
/// Bounds what waits and estimates for how long. Counted at the edge, by any thread, before a request costs anything.
/// </summary>
internal sealed class AdmissionQueue(EngineOptions options)
{
    private const double Smoothing = 0.2;

    private readonly Lock _lock = new();
    private int _requests;
    private long _tokens;
    private double _tokensPerSecond;

    /// <summary>Requests submitted and not finished, running ones included.</summary>
    public int Requests
    {
        get
        {
            lock (_lock) return _requests;
        }
    }

    /// <summary>What even a request of one token would be refused with now; null while there is room.</summary>
    public EngineBusyException? Busy
    {
        get
        {
            lock (_lock) return Refusal(1);
        }
    }

    /// <exception cref="EngineBusyException">The queue is full, in requests or in tokens.</exception>
    public void Enter(int promptTokens)
    {
        lock (_lock)
        {
            if (Refusal(promptTokens) is { } refusal) throw refusal;
            _requests++;
            _tokens += promptTokens;
        }
    }

    public void Leave(int promptTokens)
    {
        lock (_lock)
        {
            _requests--;
            _tokens -= promptTokens;
        }
    }

    /// <summary>Learns how fast requests are worked off: prompt and generated tokens of one, over the time it ran beside others.</summary>
    public void Learn(int rows, TimeSpan elapsed)
    {
        if (elapsed <= TimeSpan.Zero) return;
        lock (_lock)
        {
            var speed = rows / elapsed.TotalSeconds;
            _tokensPerSecond = _tokensPerSecond == 0 ? speed : _tokensPerSecond + (Smoothing * (speed - _tokensPerSecond));
        }
    }

    private EngineBusyException? Refusal(int promptTokens)
    {
        if (_requests >= options.MaxRunning + options.MaxWaiting)
            return new EngineBusyException($"{options.MaxWaiting} requests are waiting already.", Estimate(promptTokens));
        return _requests > 0 && _tokens + promptTokens > options.MaxWaitingTokens
            ? new EngineBusyException($"{_tokens} prompt tokens are waiting already.", Estimate(promptTokens))
            : null;
    }

    // The tokens ahead at the speed of late; a second where nothing is known yet, a minute at most.
    private TimeSpan Estimate(int promptTokens) =>
        TimeSpan.FromSeconds(_tokensPerSecond == 0 ? 1 : Math.Clamp((_tokens + promptTokens) / _tokensPerSecond, 1, 60));
}
