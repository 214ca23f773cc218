using InferenceServer.Errors;

namespace InferenceServer.Access;

/// <summary>
/// Who is asking, and has it used up its minute? Before a body is read. Every endpoint needs a key but those marked open;
/// paths without an endpoint (pages, their files) do not, except below /v1, where not even a 404 is given away.
/// </summary>
public sealed class AccessMiddleware(RequestDelegate next, KeyRing keys, AccessSettings settings)
{
    private static readonly PathString Api = "/v1";

    public Task InvokeAsync(HttpContext context)
    {
        if (IsOpen(context)) return next(context);
        var caller = Identify(context);
        context.Features.Set(caller);
        if (HttpMethods.IsPost(context.Request.Method) && context.GetEndpoint()?.Metadata.GetMetadata<UncountedEndpoint>() is null)
            caller.Limits?.Admit(context.Response);
        return next(context);
    }

    private Caller Identify(HttpContext context)
    {
        try
        {
            return keys.Identify(context.Request);
        }
        catch (ApiException)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            throw;
        }
    }

    private bool IsOpen(HttpContext context)
    {
        if (context.Request.Path.StartsWithSegments(Api, StringComparison.OrdinalIgnoreCase)) return false;
        var endpoint = context.GetEndpoint();
        if (endpoint is null) return true;
        if (settings.ProtectMetrics && context.Request.Path.Equals(AccessSetup.MetricsPath, StringComparison.OrdinalIgnoreCase)) return false;
        return endpoint.Metadata.GetMetadata<OpenEndpoint>() is not null;
    }
}
