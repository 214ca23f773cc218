using System.Diagnostics.Metrics;

namespace InferenceServer.Metrics;

/// <summary>
/// What requests cost, as .NET instruments of the meter <c>InferenceServer.Requests</c>, under the names of OpenTelemetry's GenAI
/// conventions where these have one. Every one is tagged with the served model; <see cref="MetricCatalog"/> says under which
/// names Prometheus sees them.
/// </summary>
public sealed class ServerMeter : IDisposable
{
    public const string MeterName = "InferenceServer.Requests";
    public const string ModelTag = "gen_ai.request.model";
    public const string ChannelTag = "inference.channel";
    public const string ReasonTag = "gen_ai.response.finish_reason";
    public const string ErrorTag = "error.type";

    public ServerMeter()
    {
        Meter = new Meter(MeterName);
        TimeToFirstToken = Seconds("gen_ai.server.time_to_first_token", "From a request's arrival to its first token.");
        TimePerOutputToken = Seconds("gen_ai.server.time_per_output_token", "From one token to the next.");
        RequestDuration = Seconds("gen_ai.server.request.duration", "From a request's arrival to its last token.");
        TimeToFirstAnswer = Seconds("inference.time_to_first_answer_token", "From a request's arrival to the first token of its answer.");
        QueueTime = Seconds("inference.request.queue_time", "From being queued to sharing the first step.");
        PrefillTime = Seconds("inference.request.prefill_time", "From sharing the first step to the first token.");
        DecodeTime = Seconds("inference.request.decode_time", "From the first token to the last.");
        InferenceTime = Seconds("inference.request.inference_time", "From sharing the first step to the last token.");
        PromptLength = Tokens("inference.request.prompt_tokens", "Prompt tokens of a request.");
        ThoughtLength = Tokens("inference.request.thought_tokens", "Thought tokens of a finished request.");
        AnswerLength = Tokens("inference.request.answer_tokens", "Answer tokens of a finished request.");
        GenerationLength = Tokens("inference.request.generation_tokens", "Thought and answer tokens of a finished request.");
        MaxTokens = Tokens("inference.request.max_tokens", "Tokens a request may generate.");
        Choices = Meter.CreateHistogram<long>("inference.request.choices", "{choice}", "Choices of an HTTP request.");
        PromptTokens = Meter.CreateCounter<long>("inference.prompt_tokens", "{token}", "Prompt tokens read, those found in the cache included.");
        GeneratedTokens = Meter.CreateCounter<long>("inference.generated_tokens", "{token}", "Tokens generated, by channel.");
        Finished = Meter.CreateCounter<long>("inference.requests.finished", "{request}", "Requests that ended, by reason.");
        Errors = Meter.CreateCounter<long>("inference.errors", "{response}", "Error answers, by code.");
    }

    public Meter Meter { get; }

    public Histogram<double> TimeToFirstToken { get; }

    public Histogram<double> TimePerOutputToken { get; }

    public Histogram<double> RequestDuration { get; }

    public Histogram<double> TimeToFirstAnswer { get; }

    public Histogram<double> QueueTime { get; }

    public Histogram<double> PrefillTime { get; }

    public Histogram<double> DecodeTime { get; }

    public Histogram<double> InferenceTime { get; }

    public Histogram<long> PromptLength { get; }

    public Histogram<long> ThoughtLength { get; }

    public Histogram<long> AnswerLength { get; }

    public Histogram<long> GenerationLength { get; }

    public Histogram<long> MaxTokens { get; }

    public Histogram<long> Choices { get; }

    public Counter<long> PromptTokens { get; }

    public Counter<long> GeneratedTokens { get; }

    public Counter<long> Finished { get; }

    public Counter<long> Errors { get; }

    public void Dispose() => Meter.Dispose();

    private Histogram<double> Seconds(string name, string description) => Meter.CreateHistogram<double>(name, "s", description);

    private Histogram<long> Tokens(string name, string description) => Meter.CreateHistogram<long>(name, "{token}", description);
}
