using InferenceServer.Swagger;

namespace InferenceServer.Native;

/// <summary>This server's own wire format, which shows everything a token is born with.</summary>
internal static class NativeEndpoints
{
    public static IServiceCollection AddNative(this IServiceCollection services) => services.AddSingleton<GenerateEndpoint>();

    public static IEndpointRouteBuilder MapNative(this IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/generate", static (HttpContext context, GenerateEndpoint endpoint) => endpoint.HandleAsync(context))
            .Accepts<GenerateRequest>("application/json").Produces<GenerateResponse>().Streams<GenerateToken>().FailsLikeOpenAI()
            .WithTags("Native").WithSummary("One generation, token by token: channel, layer, id, log-probability.");
        return app;
    }
}
