using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;

namespace InferenceServer.Tracing;

/// <summary>Gives the web server's own span, parent of all others of a request, its name and attributes (HTTP conventions).</summary>
internal static class HttpSpan
{
    public const string SourceName = "Microsoft.AspNetCore";

    public static Activity? Of(HttpContext context) => context.Features.Get<IHttpActivityFeature>()?.Activity;

    /// <param name="route">The endpoint's pattern: an unknown path is the client's text and is not told.</param>
    public static void Describe(HttpContext context, string? route, int status, string? error)
    {
        if (Of(context) is not { IsAllDataRequested: true } span) return;
        span.DisplayName = route is null ? context.Request.Method : $"{context.Request.Method} {route}";
        span.SetTag("http.request.method", context.Request.Method);
        span.SetTag("http.response.status_code", status);
        if (route is not null) span.SetTag("http.route", route);
        if (error is not null) span.SetTag("error.type", error);
        if (status >= StatusCodes.Status500InternalServerError) span.SetStatus(ActivityStatusCode.Error);
    }
}
