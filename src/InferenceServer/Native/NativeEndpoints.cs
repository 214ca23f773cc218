using InferenceServer.Access;
using InferenceServer.Errors;
using InferenceServer.Swagger;

namespace InferenceServer.Native;

/// <summary>This server's own wire format, which shows everything a token is born with.</summary>
internal static class NativeEndpoints
{
    public static IServiceCollection AddNative(this IServiceCollection services) => services
        .AddSingleton<GenerateEndpoint>()
        .AddSingleton<CommandEndpoints>();

    private static RouteHandlerBuilder Commands(this RouteHandlerBuilder endpoint) => endpoint
        .Produces<CommandResponse>()
        .Produces<ErrorResponse>(StatusCodes.Status400BadRequest)
        .Produces<ErrorResponse>(StatusCodes.Status404NotFound)
        .Produces<ErrorResponse>(StatusCodes.Status409Conflict);

    public static IEndpointRouteBuilder MapNative(this IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/generate", static (HttpContext context, GenerateEndpoint endpoint) => endpoint.HandleAsync(context))
            .Accepts<GenerateRequest>("application/json").Produces<GenerateResponse>().Streams<GenerateToken>().FailsLikeOpenAI()
            .WithTags("Native").WithSummary("One generation, token by token: channel, layer, id, log-probability.");
        var running = app.MapGroup("/v1/generations/{id}").WithTags("Native").Uncounted();
        running.MapPost("/speak", static (string id, HttpContext context, CommandEndpoints commands) => commands.SpeakAsync(id, context))
            .Commands().WithSummary("Ends the thought of a running stream here: the model answers.");
        running.MapPost("/thought", static (string id, HttpContext context, CommandEndpoints commands) => commands.ThoughtAsync(id, context))
            .Accepts<ThoughtRequest>("application/json").Commands().WithSummary("Takes this thought instead of the model's own: it answers (again).");
        running.MapDelete("", static (string id, HttpContext context, CommandEndpoints commands) => commands.Cancel(id, context))
            .Produces<CommandResponse>().Produces<ErrorResponse>(StatusCodes.Status404NotFound).WithSummary("Ends a running stream with what it has said so far.");
        return app;
    }
}
