using Microsoft.Net.Http.Headers;

namespace InferenceServer.Playground;

/// <summary>The page at / where people watch a model think. See docs/playground.md.</summary>
internal static class PlaygroundEndpoints
{
    private const string Index = "index.html";

    // The page loads nothing from elsewhere, runs no inline code, and talks to this server alone.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    public static IServiceCollection AddPlayground(this IServiceCollection services) => services.AddSingleton<PlaygroundFiles>();

    public static IEndpointRouteBuilder MapPlayground(this IEndpointRouteBuilder app)
    {
        app.MapMethods("/", Methods, static (HttpContext context, PlaygroundFiles files) => Send(context, files.Find(Index))).ExcludeFromDescription();
        app.MapMethods("/playground/{name}", Methods, static (string name, HttpContext context, PlaygroundFiles files) => Send(context, files.Find(name)))
            .ExcludeFromDescription();
        return app;
    }

    private static IResult Send(HttpContext context, PlaygroundFile? file)
    {
        if (file is null) return Results.NotFound();
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-cache"; // asked for again each time, answered with 304 while it is the same
        return Results.Bytes(file.Content, file.Type, entityTag: new EntityTagHeaderValue(file.Tag));
    }
}
