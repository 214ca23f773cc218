using InferenceServer.Swagger;

namespace InferenceServer.Anthropic;

/// <summary>Anthropic's wire format, with its own shape of errors.</summary>
internal static class AnthropicEndpoints
{
    public static IServiceCollection AddAnthropic(this IServiceCollection services) => services.AddSingleton<MessagesEndpoint>();

    public static IEndpointRouteBuilder MapAnthropic(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/v1/messages").WithTags("Anthropic");
        group.MapPost("", static (HttpContext context, MessagesEndpoint endpoint) => endpoint.HandleAsync(context))
            .Accepts<MessagesRequest>("application/json").Produces<MessageResponse>().Streams(
                "MessageEvent",
                typeof(MessageStart),
                typeof(MessagePing),
                typeof(ContentBlockStart),
                typeof(ContentBlockDelta),
                typeof(ContentBlockStop),
                typeof(MessageDelta),
                typeof(MessageStop),
                typeof(MessageErrorResponse))
            .FailsLike<MessageErrorResponse>().WithName("createMessage").WithSummary("Answers a conversation; thoughts are thinking blocks.");
        group.MapPost("/count_tokens", static (HttpContext context, MessagesEndpoint endpoint) => endpoint.CountAsync(context))
            .Accepts<CountTokensRequest>("application/json").Produces<CountTokensResponse>().FailsLike<MessageErrorResponse>()
            .WithName("countMessageTokens").WithSummary("The number of tokens of a conversation.");
        return app;
    }
}
