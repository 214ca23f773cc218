using System.Buffers;
using System.Diagnostics;
using InferenceServer.Logging;
using InferenceServer.Metrics;
using InferenceServer.Requests;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace InferenceServer.Errors;

/// <summary>
/// Gives the error object to what the web server refuses before the pipeline sees it: what is not HTTP, headers beyond a
/// limit or too slow. The web server tells of each just before it answers with an empty body. It has no body to write to
/// then, so the head is started from here, and the body put behind it on the connection.
/// </summary>
internal sealed class RefusedRequests(WireFormat wire, GenerationTelemetry telemetry) : IObserver<KeyValuePair<string, object?>>
{
    private const string Refused = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";
    private const string Code = "bad_request";

    /// <summary>What the web server's messages end with where they would quote the client.</summary>
    private const string NotQuoted = ": ''";

    public static void AnswerThoseOf(WebApplication app)
    {
        var answering = ActivatorUtilities.CreateInstance<RefusedRequests>(app.Services);
        var subscription = app.Services.GetRequiredService<DiagnosticListener>().Subscribe(answering, name => name == Refused);
        app.Lifetime.ApplicationStopped.Register(subscription.Dispose);
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value is (Refused, IFeatureCollection features) && features.Get<IBadRequestExceptionFeature>()?.Error is BadHttpRequestException exception)
            Answer(features, exception);
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    private static string Message(BadHttpRequestException exception)
    {
        var message = exception.Message.Replace(NotQuoted, "", StringComparison.Ordinal).TrimEnd('.');
        return exception.StatusCode switch
        {
            StatusCodes.Status408RequestTimeout => $"{message} (setting Server:Http:HeaderSeconds).",
            StatusCodes.Status414UriTooLong => $"{message} (setting Server:Http:MaxLineBytes).",
            StatusCodes.Status431RequestHeaderFieldsTooLarge => $"{message} (settings Server:Http:MaxHeaderBytes and MaxHeaders).",
            _ => $"{message}: the request is not one that HTTP/1.1 allows.",
        };
    }

    /// <summary>
    /// Whether bytes on the connection are an answer: not in HTTP/2, whose streams reset, nor for versions unknown (505; one
    /// is HTTP/2's preface, which the web server answers in HTTP/2), nor to HEAD.
    /// </summary>
    private static bool HasBody(IHttpRequestFeature request, BadHttpRequestException exception) =>
        request.Protocol is not ("HTTP/2" or "HTTP/3") && request.Method != HttpMethods.Head
        && exception.StatusCode != StatusCodes.Status505HttpVersionNotsupported;

    private void Answer(IFeatureCollection features, BadHttpRequestException exception)
    {
        var response = features.GetRequiredFeature<IHttpResponseFeature>();
        if (response.HasStarted) return;
        telemetry.Failed(Code);
        var request = features.GetRequiredFeature<IHttpRequestFeature>();
        if (!HasBody(request, exception) || features.Get<IConnectionTransportFeature>() is not { } connection) return;
        var path = request.Path is ['/', ..] ? new PathString(request.Path) : default;
        var body = ErrorBody.Of(new ApiException(exception.StatusCode, Message(exception), Code), path, wire);
        response.Headers.ContentType = ErrorBody.ContentType;
        response.Headers.ContentLength = body.Length;
        response.Headers.Connection = "close";
        response.Headers[RequestId.Header] = RequestId.New();
        // Completes at once: nobody has asked to be called before a response starts.
        if (!features.GetRequiredFeature<IHttpResponseBodyFeature>().StartAsync().IsCompletedSuccessfully) return;
        // The connection ends now, and with it goes out what was written.
        connection.Transport.Output.Write(body);
    }
}
