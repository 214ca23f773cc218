using InferenceServer.Access;
using InferenceServer.Errors;
using InferenceServer.Hosting;
using InferenceServer.Requests;
using InferenceServer.Streaming;
using InferenceServer.Swagger;

namespace InferenceServer.OpenAI;

/// <summary>OpenAI's wire format, with thoughts beside the answer.</summary>
internal static class OpenAIEndpoints
{
    public static IServiceCollection AddOpenAI(this IServiceCollection services) => services
        .AddSingleton<WireFormat>()
        .AddSingleton<RequestReader>()
        .AddSingleton<UnknownFields>()
        .AddSingleton<PromptEncoder>()
        .AddSingleton<SamplingMapper>()
        .AddSingleton<ThoughtMapper>()
        .AddSingleton<ContextRoom>()
        .AddSingleton<RequestMapper>()
        .AddSingleton<ConstraintMapper>()
        .AddSingleton<StreamRunner>()
        .AddSingleton<RunningGenerations>()
        .AddSingleton<GenerationPipeline>()
        .AddSingleton<ChatEndpoint>()
        .AddSingleton<CompletionEndpoint>()
        .AddSingleton<TokenizeEndpoints>();

    public static IEndpointRouteBuilder MapOpenAI(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/v1").WithTags("OpenAI");
        group.MapPost("/chat/completions", static (HttpContext context, ChatEndpoint endpoint) => endpoint.HandleAsync(context))
            .Accepts<ChatRequest>("application/json").Produces<ChatResponse>().Streams("ChatEvent", typeof(ChatChunk), typeof(ErrorResponse)).FailsLikeOpenAI().WithName("createChatCompletion")
            .WithSummary("Answers a conversation; thoughts come as reasoning_content.");
        group.MapPost("/completions", static (HttpContext context, CompletionEndpoint endpoint) => endpoint.HandleAsync(context))
            .Accepts<CompletionRequest>("application/json").Produces<CompletionResponse>().Streams("CompletionEvent", typeof(CompletionChunk), typeof(ErrorResponse)).FailsLikeOpenAI().WithName("createCompletion")
            .WithSummary("Goes on from a prompt that is sent to the model as it is.");
        group.MapMethods("/models", ReadMethods.All, static (ModelRegistry models, WireFormat wire) => Results.Json(ModelsEndpoint.List(models), wire.Of<ModelList>()))
            .Produces<ModelList>().WithName("listModels").WithSummary("The models this server serves.");
        group.MapMethods("/models/{id}", ReadMethods.All, static (string id, ModelRegistry models, WireFormat wire) => Results.Json(ModelsEndpoint.One(models, id), wire.Of<ModelResponse>()))
            .Produces<ModelResponse>().Produces<ErrorResponse>(StatusCodes.Status404NotFound).WithName("retrieveModel").WithSummary("One of them.");
        app.MapPost("/tokenize", static (HttpContext context, TokenizeEndpoints endpoint) => endpoint.TokenizeAsync(context))
            .Accepts<TokenizeRequest>("application/json").Produces<TokenizeResponse>().FailsLikeOpenAI().WithName("tokenize").WithTags("Tokens")
            .WithSummary("The tokens of a text or a conversation, as the generating endpoints would send them to the model.");
        app.MapPost("/detokenize", static (HttpContext context, TokenizeEndpoints endpoint) => endpoint.DetokenizeAsync(context))
            .Accepts<DetokenizeRequest>("application/json").Produces<DetokenizeResponse>().FailsLikeOpenAI().WithName("detokenize").WithTags("Tokens")
            .WithSummary("The text of tokens.");
        app.MapMethods("/version", ReadMethods.All, static (WireFormat wire) => Results.Json(TokenizeEndpoints.Version, wire.Of<VersionResponse>()))
            .Produces<VersionResponse>().WithName("getVersion").WithTags("Health").WithSummary("The version of this server.").WithoutKey();
        return app;
    }
}
