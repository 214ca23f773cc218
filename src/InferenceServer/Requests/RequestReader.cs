using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using InferenceServer.Errors;

namespace InferenceServer.Requests;

/// <summary>Reads a request body once, strictly, and says which field is wrong when it cannot.</summary>
public sealed class RequestReader(WireFormat wire)
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = WireFormat.MaxDepth, AllowDuplicateProperties = false };

    /// <exception cref="ApiException">400 or 415: the body is not the JSON this endpoint takes.</exception>
    /// <exception cref="BadHttpRequestException">The web server refused the body, for example for its size.</exception>
    public async Task<T> ReadAsync<T>(HttpRequest request)
        where T : class
    {
        RequireUtf8Json(request);
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, request.HttpContext.RequestAborted);
        var body = buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
        if (body.Length == 0) throw Malformed("The request body is empty: send a JSON object.");
        var type = wire.Of<T>();
        try
        {
            return JsonSerializer.Deserialize(body.Span, type) ?? throw Malformed("The request body must be a JSON object, not null.");
        }
        catch (JsonException exception)
        {
            throw Explain(exception, body, type);
        }
    }

    // Routing has refused other types, but lets a body without any pass. What is small when it comes must stay so: nothing is
    // decompressed.
    private static void RequireUtf8Json(HttpRequest request)
    {
        if (request.Headers.ContentEncoding is { Count: > 0 } coding && coding != "identity")
            throw new ApiException(StatusCodes.Status415UnsupportedMediaType, "Compressed bodies are not taken: send it without Content-Encoding.", "unsupported_media_type");
        var charset = request.GetTypedHeaders().ContentType?.Charset.Value?.Trim('"');
        if (request.HasJsonContentType() && (charset is null || charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase))) return;
        throw new ApiException(StatusCodes.Status415UnsupportedMediaType, "The request body must be JSON in UTF-8: send Content-Type: application/json.", "unsupported_media_type");
    }

    private static ApiException Explain(JsonException exception, ReadOnlyMemory<byte> body, JsonTypeInfo type)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body, Strict);
        }
        catch (JsonException malformed)
        {
            return Malformed($"The request body is not valid JSON: {malformed.Message}");
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object) return Malformed("The request body must be a JSON object.");
            var path = exception.Path is { Length: > 2 } found && found[1] == '.' ? found[2..] : null;
            if (path is not null) return Mistyped(path, type);
            var missing = type.Properties.FirstOrDefault(property => property.IsRequired && !document.RootElement.TryGetProperty(property.Name, out _));
            return missing is null
                ? Malformed("The request body cannot be read.")
                : ApiException.Invalid(missing.Name, $"'{missing.Name}' is required.", "missing_required_parameter");
        }
    }

    private static ApiException Mistyped(string path, JsonTypeInfo type)
    {
        var name = path.Split('.', '[')[0];
        var property = type.Properties.FirstOrDefault(property => property.Name == name);
        var expected = property is null ? null : JsonTypeNames.Describe(property.PropertyType);
        var message = expected is null || path != name && !path.StartsWith(name + "[", StringComparison.Ordinal)
            ? $"'{path}' has the wrong type or lacks a required field."
            : $"'{name}' must be {expected}.";
        return ApiException.Invalid(path, message, "invalid_type");
    }

    private static ApiException Malformed(string message) => ApiException.Invalid(null, message, "invalid_json");
}
