using InferenceServer.Models.Engine;

namespace InferenceServer.Errors;

/// <summary>A request that cannot be answered as asked; becomes an <see cref="ErrorResponse"/>.</summary>
public sealed class ApiException : Exception
{
    public ApiException(int status, string message, string? code, string? param = null)
        : base(message)
    {
        Status = status;
        Code = code;
        Param = param;
    }

    public int Status { get; }

    public string? Code { get; }

    public string? Param { get; }

    /// <summary>Sent as <c>Retry-After</c>, in seconds.</summary>
    public int? RetryAfter { get; init; }

    public ErrorResponse Response => new(new ApiError(Message, TypeOf(Status), Param, Code));

    public static ApiException Invalid(string? param, string message, string code = "invalid_value") =>
        new(StatusCodes.Status400BadRequest, message, code, param);

    /// <summary>The request is right, but what it wants cannot be done now.</summary>
    public static ApiException Conflict(string message, string code) => new(StatusCodes.Status409Conflict, message, code);

    public static ApiException Busy(EngineBusyException full) =>
        new(StatusCodes.Status429TooManyRequests, full.Message, "queue_full") { RetryAfter = (int)Math.Ceiling(full.RetryAfter.TotalSeconds) };

    public static ApiException Unavailable(string message, string code, int retryAfter) =>
        new(StatusCodes.Status503ServiceUnavailable, message, code) { RetryAfter = retryAfter };

    public static ApiException Failed(GenerationEvent.Failed failure) =>
        failure.Stopping ? Unavailable(failure.Message, "draining", retryAfter: 5) : Failed(failure.Message);

    public static ApiException Failed(string message) => new(StatusCodes.Status500InternalServerError, message, "generation_failed");

    private static string TypeOf(int status) => status switch
    {
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= StatusCodes.Status500InternalServerError => "server_error",
        _ => "invalid_request_error",
    };
}
