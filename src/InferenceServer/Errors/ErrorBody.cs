using System.Text.Json;
using InferenceServer.Anthropic;
using InferenceServer.Requests;

namespace InferenceServer.Errors;

/// <summary>An error as the API of its path words it, in JSON.</summary>
internal static class ErrorBody
{
    public const string ContentType = "application/json";

    public static byte[] Of(ApiException exception, PathString path, WireFormat wire) => MessageErrorResponse.IsFor(path)
        ? JsonSerializer.SerializeToUtf8Bytes(MessageErrorResponse.Of(exception.Status, exception.Response.Error), wire.Of<MessageErrorResponse>())
        : JsonSerializer.SerializeToUtf8Bytes(exception.Response, wire.Of<ErrorResponse>());
}
