using System.Diagnostics;
using InferenceServer.Models.Engine;

namespace InferenceServer.Logging;

/// <summary>What the request log says about one request: numbers and names, never a word of prompt, thought or answer.</summary>
public sealed class RequestLog
{
    /// <summary>When it arrived, in ticks of <see cref="Stopwatch"/>.</summary>
    public long Started { get; } = Stopwatch.GetTimestamp();

    /// <summary>Code of the error it was answered with, or that ended its stream.</summary>
    public string? Error { get; set; }

    public string? Model { get; set; }

    public GenerationUsage? Usage { get; set; }

    /// <summary>From the request's arrival to its first token, in milliseconds.</summary>
    public double? FirstTokenMilliseconds { get; private set; }

    public double Milliseconds => Stopwatch.GetElapsedTime(Started).TotalMilliseconds;

    public static RequestLog Of(HttpContext context)
    {
        if (context.Features.Get<RequestLog>() is { } found) return found;
        var log = new RequestLog();
        context.Features.Set(log);
        return log;
    }

    public void SawToken() => FirstTokenMilliseconds ??= Milliseconds;
}
