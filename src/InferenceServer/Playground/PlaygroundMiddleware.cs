using Microsoft.Net.Http.Headers;

namespace InferenceServer.Playground;

/// <summary>
/// The page at / where people watch a model think. Files and no endpoints: they are open where the API asks for a key, since
/// the page is where a key is filled in. See docs/playground.md.
/// </summary>
internal sealed class PlaygroundMiddleware(RequestDelegate next, PlaygroundFiles files)
{
    private const string Index = "index.html";

    // The page loads nothing from elsewhere, runs no inline code, and talks to this server alone.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method)) return next(context);
        var name = request.Path == "/" ? Index
            : request.Path.StartsWithSegments("/playground", StringComparison.Ordinal, out var rest) ? rest.Value?.TrimStart('/') : null;
        return name is not null && files.Find(name) is { } file ? SendAsync(context, file) : next(context);
    }

    private static Task SendAsync(HttpContext context, PlaygroundFile file)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-cache"; // asked for again each time, answered with 304 while it is the same
        return Results.Bytes(file.Content, file.Type, entityTag: new EntityTagHeaderValue(file.Tag)).ExecuteAsync(context);
    }
}
