using System.Diagnostics;
using InferenceServer.Logging;
using InferenceServer.Metrics;
using InferenceServer.Models.Thinking;
using InferenceServer.Requests;

namespace InferenceServer.Tracing;

/// <summary>
/// A generating request as a span with the attributes of OpenTelemetry's GenAI conventions: names and numbers, never a word of
/// prompt, thought or answer. Costs nothing while nobody listens.
/// </summary>
internal sealed class GenerationSpan
{
    public const string SourceName = "InferenceServer";

    private static readonly ActivitySource Source = new(SourceName);

    private readonly Activity? _activity;

    private GenerationSpan(Activity? activity) => _activity = activity;

    public static GenerationSpan Begin(MappedRequest request)
    {
        if (!Source.HasListeners()) return new GenerationSpan(null);
        var operation = request.Id.StartsWith("cmpl", StringComparison.Ordinal) ? "text_completion" : request.Id.StartsWith("gen", StringComparison.Ordinal) ? "generate_content" : "chat";
        var activity = Source.StartActivity($"{operation} {request.Model.Name}");
        if (activity is null) return new GenerationSpan(null);
        var first = request.Generations[0];
        var sampling = first.Answering;
        activity.SetTag("gen_ai.operation.name", operation);
        activity.SetTag("gen_ai.provider.name", "inference_server");
        activity.SetTag("gen_ai.request.model", request.Model.Name);
        activity.SetTag("gen_ai.response.model", request.Model.Name);
        activity.SetTag("gen_ai.response.id", request.Id);
        activity.SetTag("gen_ai.output.type", "text");
        activity.SetTag("gen_ai.request.max_tokens", first.MaxTokens);
        activity.SetTag("gen_ai.request.temperature", (double)sampling.Temperature);
        if (sampling.TopP < 1) activity.SetTag("gen_ai.request.top_p", (double)sampling.TopP);
        if (sampling.TopK > 0) activity.SetTag("gen_ai.request.top_k", sampling.TopK);
        if (request.Generations.Count > 1) activity.SetTag("gen_ai.request.choice.count", request.Generations.Count);
        if (first.ThoughtBudget is { } budget) activity.SetTag("inference.request.thought_budget", budget);
        return new GenerationSpan(activity);
    }

    /// <param name="error">Code of the error that ended it; null where none did.</param>
    public void End(IReadOnlyList<GenerationWatch> watches, int promptTokens, RequestLog log, string? error)
    {
        if (_activity is null) return;
        var (thoughts, answers) = (watches.Sum(watch => watch.Usage.ThoughtTokens), watches.Sum(watch => watch.Usage.AnswerTokens));
        _activity.SetTag("gen_ai.usage.input_tokens", promptTokens);
        _activity.SetTag("gen_ai.usage.output_tokens", thoughts + answers);
        _activity.SetTag("gen_ai.usage.reasoning.output_tokens", thoughts);
        Mark("inference.time_to_first_token", watches.Select(watch => watch.FirstToken));
        Mark("inference.time_to_first_answer_token", watches.Select(watch => watch.FirstAnswerToken));
        if (error is null) _activity.SetTag("gen_ai.response.finish_reasons", watches.Select(watch => Word(watch.Reason)).ToArray());
        else _activity.SetTag("error.type", error).SetStatus(ActivityStatusCode.Error);
        _activity.Dispose();

        void Mark(string name, IEnumerable<long> times)
        {
            var first = times.Where(time => time != 0).DefaultIfEmpty().Min();
            if (first != 0) _activity.SetTag(name, Stopwatch.GetElapsedTime(log.Started, first).TotalSeconds);
        }
    }

    private static string Word(FinishReason? reason) => reason switch
    {
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        _ => "cancelled",
    };
}
