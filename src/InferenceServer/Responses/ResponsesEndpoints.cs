using InferenceServer.Swagger;

namespace InferenceServer.Responses;

/// <summary>OpenAI's Responses format, the official home of streamed thoughts. Nothing is kept: every request brings its conversation.</summary>
internal static class ResponsesEndpoints
{
    public static IServiceCollection AddResponses(this IServiceCollection services) => services.AddSingleton<ResponsesEndpoint>();

    public static IEndpointRouteBuilder MapResponses(this IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/responses", static (HttpContext context, ResponsesEndpoint endpoint) => endpoint.HandleAsync(context))
            .Accepts<ResponseRequest>("application/json").Produces<Response>().Streams(
                "ResponseEvent",
                typeof(ResponseCreated),
                typeof(ResponseInProgress),
                typeof(OutputItemAdded),
                typeof(ContentPartAdded),
                typeof(ReasoningTextDelta),
                typeof(ReasoningTextDone),
                typeof(SummaryPartAdded),
                typeof(SummaryTextDelta),
                typeof(SummaryTextDone),
                typeof(SummaryPartDone),
                typeof(OutputTextDelta),
                typeof(OutputTextDone),
                typeof(FunctionCallArgumentsDelta),
                typeof(FunctionCallArgumentsDone),
                typeof(ContentPartDone),
                typeof(OutputItemDone),
                typeof(ResponseCompleted),
                typeof(ResponseIncomplete),
                typeof(ResponseFailed))
            .FailsLikeOpenAI().WithName("createResponse").WithTags("OpenAI").WithSummary("Answers a conversation of items; thoughts are reasoning items.");
        return app;
    }
}
