using System.ComponentModel.DataAnnotations;

namespace InferenceServer.Errors;

/// <summary>The body of every answer that reports an error.</summary>
/// <param name="Error">What went wrong.</param>
public sealed record ErrorResponse(ApiError Error);

/// <summary>What went wrong, and which field of the request is to blame.</summary>
/// <param name="Message">For people: what is wrong and what to do about it.</param>
/// <param name="Type">The family: invalid_request_error, rate_limit_error or server_error.</param>
/// <param name="Param">The request's field at fault, if there is one.</param>
/// <param name="Code">For programs, such as model_not_found or context_length_exceeded.</param>
public sealed record ApiError(string Message, [property: AllowedValues("invalid_request_error", "rate_limit_error", "server_error")] string Type, string? Param, string? Code);
