using InferenceServer.Errors;

namespace InferenceServer.Swagger;

/// <summary>Says that an operation can also answer with a stream, and what its events hold.</summary>
/// <param name="Name">Of the schema that is any of them.</param>
/// <param name="Events">Records; where each has a <c>type</c>, that tells them apart.</param>
public sealed record StreamMetadata(string Name, IReadOnlyList<Type> Events);

internal static class EndpointDescriptions
{
    private static readonly int[] Failures =
    [
        StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType,
        StatusCodes.Status429TooManyRequests, StatusCodes.Status500InternalServerError, StatusCodes.Status503ServiceUnavailable,
    ];

    public static RouteHandlerBuilder Streams(this RouteHandlerBuilder endpoint, string name, params Type[] events) =>
        endpoint.WithMetadata(new StreamMetadata(name, events));

    public static RouteHandlerBuilder FailsLikeOpenAI(this RouteHandlerBuilder endpoint) => endpoint.FailsLike<ErrorResponse>();

    public static RouteHandlerBuilder FailsLike<TError>(this RouteHandlerBuilder endpoint) => endpoint.Fails<TError>(Failures);

    public static RouteHandlerBuilder Fails<TError>(this RouteHandlerBuilder endpoint, params IReadOnlyList<int> statuses)
    {
        foreach (var status in statuses) endpoint.Produces<TError>(status);
        return endpoint;
    }
}
