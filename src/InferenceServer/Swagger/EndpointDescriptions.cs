using InferenceServer.Errors;

namespace InferenceServer.Swagger;

/// <summary>Says that an operation can also answer with a stream, and what each of its events holds.</summary>
public sealed record StreamMetadata(Type Event);

internal static class EndpointDescriptions
{
    private static readonly int[] Failures =
    [
        StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType,
        StatusCodes.Status429TooManyRequests, StatusCodes.Status500InternalServerError, StatusCodes.Status503ServiceUnavailable,
    ];

    public static RouteHandlerBuilder Streams<TEvent>(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(new StreamMetadata(typeof(TEvent)));

    public static RouteHandlerBuilder FailsLikeOpenAI(this RouteHandlerBuilder endpoint)
    {
        foreach (var status in Failures) endpoint.Produces<ErrorResponse>(status);
        return endpoint;
    }
}
