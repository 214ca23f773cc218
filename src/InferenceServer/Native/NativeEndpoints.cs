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

    private static RouteHandlerBuilder Commands(this RouteHandlerBuilder endpoint) => endpoint.Produces<CommandResponse>().Fails<ErrorResponse>(
        StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status500InternalServerError);

    public static IEndpointRouteBuilder MapNative(this IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/generate", static (HttpContext context, GenerateEndpoint endpoint) => endpoint.HandleAsync(context))
            .Accepts<GenerateRequest>("application/json").Produces<GenerateResponse>().Streams(
                "GenerateEvent",
                typeof(GenerateStart),
                typeof(GenerateToken),
                typeof(GenerateRestart),
                typeof(GenerateUsage),
                typeof(GenerateDone),
                typeof(GenerateError)).FailsLikeOpenAI()
            .WithName("generate").WithTags("Native").WithSummary("One generation, token by token: channel, layer, id, log-probability.");
        var running = app.MapGroup("/v1/generations/{id}").WithTags("Native").Uncounted();
        running.MapPost("/speak", static (string id, HttpContext context, CommandEndpoints commands) => commands.SpeakAsync(id, context))
            .Commands().WithName("speak").WithSummary("Ends the thought of a running stream here: the model answers.");
        running.MapPost("/thought", static (string id, HttpContext context, CommandEndpoints commands) => commands.ThoughtAsync(id, context))
            .Accepts<ThoughtRequest>("application/json").Commands().Fails<ErrorResponse>(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType)
            .WithName("replaceThought").WithSummary("Takes this thought instead of the model's own: it answers (again).");
        running.MapDelete("", static (string id, HttpContext context, CommandEndpoints commands) => commands.Cancel(id, context))
            .Produces<CommandResponse>().Produces<ErrorResponse>(StatusCodes.Status404NotFound).WithName("cancelGeneration").WithSummary("Ends a running stream with what it has said so far.");
        return app;
    }
}
