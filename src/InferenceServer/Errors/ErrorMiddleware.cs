using System.Globalization;
using InferenceServer.Logging;
using InferenceServer.Requests;
using Microsoft.AspNetCore.Http.Features;

namespace InferenceServer.Errors;

/// <summary>Gives every 4xx and 5xx one shape: those thrown, those of the web server, and those routing decided without a body.</summary>
public sealed class ErrorMiddleware(RequestDelegate next, WireFormat wire, ILogger<ErrorMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested || context.Response.HasStarted)
        {
            return;
        }
        catch (ApiException exception) when (!context.Response.HasStarted)
        {
            await WriteAsync(context, exception);
            return;
        }
        catch (BadHttpRequestException exception) when (!context.Response.HasStarted)
        {
            await WriteAsync(context, OfWebServer(context, exception));
            return;
        }
        catch (Exception exception) when (!context.Response.HasStarted && exception is not StreamCutException)
        {
            logger.LogError(exception, "A request to {Path} failed.", context.Request.Path);
            await WriteAsync(context, new ApiException(StatusCodes.Status500InternalServerError, "The server failed; see its log.", "internal_error"));
            return;
        }

        var response = context.Response;
        if (response.StatusCode >= StatusCodes.Status400BadRequest && !response.HasStarted && response.ContentType is null && response.ContentLength is null)
            await WriteAsync(context, OfRouting(context));
    }

    private static ApiException OfWebServer(HttpContext context, BadHttpRequestException exception)
    {
        if (exception.StatusCode != StatusCodes.Status413PayloadTooLarge)
            return new ApiException(exception.StatusCode, exception.Message, "bad_request");
        var limit = context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize;
        return new ApiException(exception.StatusCode, $"The request body is larger than {limit} bytes (setting Server:MaxRequestBytes).", "request_too_large");
    }

    private static ApiException OfRouting(HttpContext context)
    {
        var request = context.Request;
        return context.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => new(404, $"There is no {request.Method} {Shown(request.Path)}; /swagger lists what there is.", "unknown_url"),
            StatusCodes.Status405MethodNotAllowed => new(405, $"{Shown(request.Path)} does not answer {request.Method}.", "method_not_allowed"),
            StatusCodes.Status415UnsupportedMediaType => new(415, "The request body must be JSON: send Content-Type: application/json.", "unsupported_media_type"),
            var status => new(status, $"The request was refused with status {status}.", null),
        };
    }

    private static string Shown(PathString path)
    {
        const int Longest = 100;
        var text = path.Value ?? "/";
        return text.Length <= Longest ? text : text[..Longest] + "…";
    }

    private async Task WriteAsync(HttpContext context, ApiException exception)
    {
        var response = context.Response;
        RequestLog.Of(context).Error = exception.Code ?? "error";
        response.StatusCode = exception.Status;
        response.ContentType = ErrorBody.ContentType;
        if (exception.RetryAfter is { } seconds) response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        await response.Body.WriteAsync(ErrorBody.Of(exception, context.Request.Path, wire), context.RequestAborted);
    }
}
