using InferenceServer.Access;
using InferenceServer.Logging;
using InferenceServer.Models.Thinking;
using InferenceServer.Requests;
using InferenceServer.Tracing;

namespace InferenceServer.Metrics;

/// <summary>What is measured and traced of a generating request.</summary>
public sealed class GenerationTelemetry(ServerMeter meter, ModelActivity activity)
{
    /// <summary>To be given to the engine with the generation.</summary>
    internal GenerationWatch Watch(string model, GenerationRequest request, Caller caller, RequestLog log) => new(meter, activity, model, request, caller, log);

    internal GenerationSpan Begin(MappedRequest request)
    {
        meter.Choices.Record(request.Generations.Count, new KeyValuePair<string, object?>(ServerMeter.ModelTag, request.Model.Name));
        return GenerationSpan.Begin(request);
    }

    /// <summary>The engine has taken a generation of this model.</summary>
    internal void Queued(string model) => activity.Queued(model);

    /// <summary>An error answer was given.</summary>
    internal void Failed(string code) => meter.Errors.Add(1, new KeyValuePair<string, object?>(ServerMeter.ErrorTag, code));
}
