using InferenceServer.Access;
using InferenceServer.Metrics;
using InferenceServer.Tracing;

namespace InferenceServer.Logging;

/// <summary>Names each request, and says one line when it is over.</summary>
public sealed partial class RequestLogMiddleware(RequestDelegate next, GenerationTelemetry telemetry, ILogger<RequestLogMiddleware> logger)
{
    private const int ClientClosedRequest = 499;

    public async Task InvokeAsync(HttpContext context)
    {
        var log = RequestLog.Of(context);
        context.TraceIdentifier = RequestId.Of(context.Request);
        context.Response.Headers[RequestId.Header] = context.TraceIdentifier;
        var broke = true;
        try
        {
            await next(context);
            broke = false;
        }
        finally
        {
            Write(context, log, broke);
        }
    }

    /// <summary>Key, request and, where the client began one, trace.</summary>
    private static string Whose(HttpContext context)
    {
        var whose = $"request {context.TraceIdentifier}";
        if (Caller.Of(context).Name is { } key) whose = $"key {key}, {whose}";
        return HttpSpan.Of(context) is { ParentId: not null } span ? $"{whose}, trace {span.TraceId}" : whose;
    }

    private void Write(HttpContext context, RequestLog log, bool broke)
    {
        var gone = context.RequestAborted.IsCancellationRequested;
        var status = gone ? ClientClosedRequest : context.Response.StatusCode;
        // An unknown path is the client's text: it is not logged.
        var route = context.GetEndpoint() is RouteEndpoint endpoint ? endpoint.RoutePattern.RawText : null;
        if (log.Error is { } error) telemetry.Failed(error);
        HttpSpan.Describe(context, route, status, log.Error);
        var level = broke && !gone ? LogLevel.Error : log.Usage is not null || status >= 400 ? LogLevel.Information : LogLevel.Debug;
        if (!logger.IsEnabled(level)) return;
        var path = route ?? "(no endpoint)";
        var outcome = log.Error is null ? $"{status}" : $"{status} {log.Error}";
        if (log.Usage is { } usage)
            Generated(level, context.Request.Method, path, outcome, log.Milliseconds, log.Model, usage.PromptTokens, usage.ThoughtTokens, usage.AnswerTokens, log.FirstTokenMilliseconds, Whose(context));
        else
            Answered(level, context.Request.Method, path, outcome, log.Milliseconds, Whose(context));
    }

    [LoggerMessage(Message = "{Method} {Path} {Status} in {Milliseconds:F0} ms: {Model}, {Prompt} prompt, {Thoughts} thought, {Answer} answer tokens, first after {FirstToken:F0} ms ({Whose})")]
    private partial void Generated(
        LogLevel level, string method, string? path, string status, double milliseconds, string? model, int prompt, int thoughts, int answer, double? firstToken, string whose);

    [LoggerMessage(Message = "{Method} {Path} {Status} in {Milliseconds:F0} ms ({Whose})")]
    private partial void Answered(LogLevel level, string method, string? path, string status, double milliseconds, string whose);
}
