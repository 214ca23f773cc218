using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using InferenceServer.Errors;

namespace InferenceServer.Anthropic;

/// <summary>The body of an error, and the event of one in a stream, as Anthropic has it.</summary>
public sealed record MessageErrorResponse(MessageError Error)
{
    [JsonPropertyOrder(-1)]
    [AllowedValues("error")]
    public string Type => "error";

    /// <summary>Whether answers on this path have this shape.</summary>
    internal static bool IsFor(PathString path) => path.StartsWithSegments("/v1/messages", StringComparison.Ordinal);

    internal static MessageErrorResponse Of(int status, ApiError error) => new(new MessageError(TypeOf(status), error.Message));

    private static string TypeOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status404NotFound => "not_found_error",
        StatusCodes.Status413PayloadTooLarge => "request_too_large",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        StatusCodes.Status503ServiceUnavailable => "overloaded_error",
        >= StatusCodes.Status500InternalServerError => "api_error",
        _ => "invalid_request_error",
    };
}

/// <param name="Type">The family.</param>
/// <param name="Message">For people: what is wrong and what to do about it.</param>
public sealed record MessageError(
    [property: AllowedValues(
        "invalid_request_error", "authentication_error", "permission_error", "not_found_error", "request_too_large", "rate_limit_error", "api_error", "overloaded_error")]
    string Type,
    string Message);
