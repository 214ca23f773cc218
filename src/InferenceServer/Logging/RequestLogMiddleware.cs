namespace InferenceServer.Logging;

/// <summary>One line a request, when it is over.</summary>
public sealed partial class RequestLogMiddleware(RequestDelegate next, ILogger<RequestLogMiddleware> logger)
{
    private const int ClientClosedRequest = 499;

    public async Task InvokeAsync(HttpContext context)
    {
        var log = RequestLog.Of(context);
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

    private void Write(HttpContext context, RequestLog log, bool broke)
    {
        var gone = context.RequestAborted.IsCancellationRequested;
        var status = gone ? ClientClosedRequest : context.Response.StatusCode;
        // An unknown path is the client's text: it is not logged.
        var path = context.GetEndpoint() is RouteEndpoint endpoint ? endpoint.RoutePattern.RawText : "(no endpoint)";
        var level = broke && !gone ? LogLevel.Error : log.Usage is not null || status >= 400 ? LogLevel.Information : LogLevel.Debug;
        if (log.Usage is { } usage)
            Generated(level, context.Request.Method, path, status, log.Milliseconds, log.Model, usage.PromptTokens, usage.ThoughtTokens, usage.AnswerTokens, log.FirstTokenMilliseconds);
        else
            Answered(level, context.Request.Method, path, status, log.Milliseconds);
    }

    [LoggerMessage(Message = "{Method} {Path} {Status} in {Milliseconds:F0} ms: {Model}, {Prompt} prompt, {Thoughts} thought, {Answer} answer tokens, first after {FirstToken:F0} ms")]
    private partial void Generated(
        LogLevel level, string method, string? path, int status, double milliseconds, string? model, int prompt, int thoughts, int answer, double? firstToken);

    [LoggerMessage(Message = "{Method} {Path} {Status} in {Milliseconds:F0} ms")]
    private partial void Answered(LogLevel level, string method, string? path, int status, double milliseconds);
}
