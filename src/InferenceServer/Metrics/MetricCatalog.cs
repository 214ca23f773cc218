namespace InferenceServer.Metrics;

/// <summary>
/// Under which names Prometheus sees the instruments of <see cref="ServerMeter"/>: vLLM's where it has one (its
/// docs/design/metrics.md), so that dashboards and routers made for it work; <c>inference_</c> for what only this server has.
/// Buckets are vLLM's with finer ones below, since small models answer within milliseconds.
/// </summary>
internal static class MetricCatalog
{
    private static readonly double[] FirstToken =
        [0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560];

    private static readonly double[] BetweenTokens =
        [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];

    private static readonly double[] WholeRequest =
        [0.01, 0.03, 0.1, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];

    private static readonly double[] TokenCounts =
        [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];

    private static readonly double[] Few = [1, 2, 5, 10, 20];

    private static readonly MetricLabel Channel = new("channel", ServerMeter.ChannelTag, "thought", "answer");
    private static readonly MetricLabel Reason = new("finished_reason", ServerMeter.ReasonTag, "stop", "length", "abort", "error");

    public static IReadOnlyList<MetricFamily> Families { get; } =
    [
        new("inference.prompt_tokens", "vllm:prompt_tokens_total", "Prompt tokens processed, cached ones included."),
        new("inference.generated_tokens", "vllm:generation_tokens_total", "Tokens generated, thoughts and answers."),
        new("inference.requests.finished", "vllm:request_success_total", "Requests that ended, by reason.", Reason),
        new("gen_ai.server.time_to_first_token", "vllm:time_to_first_token_seconds", "From a request's arrival to its first token.", Buckets: FirstToken),
        new("gen_ai.server.time_per_output_token", "vllm:inter_token_latency_seconds", "From one token of a request to its next.", Buckets: BetweenTokens),
        new("gen_ai.server.time_per_output_token", "vllm:time_per_output_token_seconds", "The older name of vllm:inter_token_latency_seconds.", Buckets: BetweenTokens),
        new("gen_ai.server.request.duration", "vllm:e2e_request_latency_seconds", "From a request's arrival to its last token.", Buckets: WholeRequest),
        new("inference.request.queue_time", "vllm:request_queue_time_seconds", "From being queued to sharing the first step.", Buckets: WholeRequest),
        new("inference.request.prefill_time", "vllm:request_prefill_time_seconds", "From sharing the first step to the first token.", Buckets: WholeRequest),
        new("inference.request.decode_time", "vllm:request_decode_time_seconds", "From the first token to the last.", Buckets: WholeRequest),
        new("inference.request.inference_time", "vllm:request_inference_time_seconds", "From sharing the first step to the last token.", Buckets: WholeRequest),
        new("inference.request.prompt_tokens", "vllm:request_prompt_tokens", "Prompt tokens of a finished request.", Buckets: TokenCounts),
        new("inference.request.generation_tokens", "vllm:request_generation_tokens", "Thought and answer tokens of a finished request.", Buckets: TokenCounts),
        new("inference.request.max_tokens", "vllm:request_params_max_tokens", "Tokens a finished request was allowed.", Buckets: TokenCounts),
        new("inference.request.choices", "vllm:request_params_n", "Choices of an HTTP request.", Buckets: Few),
        new("inference.generated_tokens", "inference_generation_tokens_total", "Tokens generated, by channel.", Channel),
        new("inference.time_to_first_answer_token", "inference_time_to_first_answer_token_seconds", "From a request's arrival to the first token of its answer.", Buckets: FirstToken),
        new("inference.request.thought_tokens", "inference_request_thought_tokens", "Thought tokens of a finished request.", Buckets: TokenCounts),
        new("inference.request.answer_tokens", "inference_request_answer_tokens", "Answer tokens of a finished request.", Buckets: TokenCounts),
        new("inference.errors", "inference_errors_total", "Error answers, by their code.", new MetricLabel("code", ServerMeter.ErrorTag), HasModel: false),
    ];
}
