using System.Text.Json.Nodes;
using InferenceServer.Tests.Native;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Metrics;

/// <summary>What a scraper sees, against what the server's clients saw.</summary>
public sealed class MetricsTests
{
    private static readonly (string, string) Tiny = ("model_name", "tiny");

    [Fact]
    public async Task Everything_a_dashboard_or_router_made_for_vllm_asks_for_is_there_from_the_start()
    {
        await using var server = new TestServer();
        await server.InitializeAsync();
        var metrics = await ScrapeAsync(server);
        foreach (var (name, type) in new[]
        {
            ("vllm:num_requests_running", "gauge"), ("vllm:num_requests_waiting", "gauge"), ("vllm:kv_cache_usage_perc", "gauge"), ("vllm:cache_config_info", "gauge"),
            ("vllm:prompt_tokens_total", "counter"), ("vllm:generation_tokens_total", "counter"), ("vllm:request_success_total", "counter"),
            ("vllm:prefix_cache_queries_total", "counter"), ("vllm:prefix_cache_hits_total", "counter"), ("vllm:num_preemptions_total", "counter"),
            ("vllm:time_to_first_token_seconds", "histogram"), ("vllm:inter_token_latency_seconds", "histogram"), ("vllm:time_per_output_token_seconds", "histogram"),
            ("vllm:e2e_request_latency_seconds", "histogram"), ("vllm:request_queue_time_seconds", "histogram"), ("vllm:request_prefill_time_seconds", "histogram"),
            ("vllm:request_decode_time_seconds", "histogram"), ("vllm:request_inference_time_seconds", "histogram"), ("vllm:request_prompt_tokens", "histogram"),
            ("vllm:request_generation_tokens", "histogram"), ("vllm:request_params_n", "histogram"), ("vllm:request_params_max_tokens", "histogram"),
            ("inference_generation_tokens_total", "counter"), ("inference_time_to_first_answer_token_seconds", "histogram"),
        })
        {
            Assert.Equal(type, metrics.TypeOf(name));
            foreach (var model in new[] { "tiny", "plain", "bare" })
            {
                var series = metrics.Series(type == "histogram" ? $"{name}_count" : name, ("model_name", model));
                Assert.NotEmpty(series);
                if (name != "vllm:cache_config_info") Assert.All(series, sample => Assert.Equal(0, sample.Value));
            }
        }

        foreach (var reason in new[] { "stop", "length", "abort", "error" }) Assert.Equal(0, metrics["vllm:request_success_total", Tiny, ("finished_reason", reason)]);
        var config = Assert.Single(metrics.Series("vllm:cache_config_info", Tiny));
        Assert.Equal(1, config.Value);
        Assert.Equal("16", config.Labels["block_size"]);
        var engine = server.Models.Slots[0].Model!.Engine;
        Assert.Equal(engine.KvCapacityTokens / 16, long.Parse(config.Labels["num_gpu_blocks"]));
        Assert.Equal(1, metrics["inference_ready"]);
        Assert.True(metrics["process_resident_memory_bytes"] > 1e7);
        Assert.DoesNotContain("vllm:lora_requests_info", metrics.Names);
    }

    [Fact]
    public async Task Numbers_are_those_the_clients_were_told()
    {
        await using var server = new TestServer();
        await server.InitializeAsync();
        var (prompts, thoughts, answers) = (0, 0, 0);
        for (var i = 0; i < 4; i++)
        {
            var usage = Usage(await server.CallAsync(Chats, Chat($"Number {i}").With("seed", i).With("thinking_token_budget", i)));
            prompts += usage.Prompt;
            thoughts += usage.Reasoning;
            answers += usage.Completion - usage.Reasoning;
        }

        var both = Usage(await server.CallAsync(Completions, Completion(model: "plain").With("n", 2)));
        using var refused = await server.PostAsync(Chats, Chat(model: "none"));
        var metrics = await ScrapeAsync(server);
        Assert.Equal(prompts, metrics["vllm:prompt_tokens_total", Tiny]);
        Assert.Equal(thoughts + answers, metrics["vllm:generation_tokens_total", Tiny]);
        Assert.Equal(thoughts, metrics["inference_generation_tokens_total", Tiny, ("channel", "thought")]);
        Assert.Equal(answers, metrics["inference_generation_tokens_total", Tiny, ("channel", "answer")]);
        Assert.Equal(4, metrics.Series("vllm:request_success_total", Tiny).Sum(series => series.Value));
        Assert.Equal(4, metrics["vllm:time_to_first_token_seconds_count", Tiny]);
        Assert.Equal(4, metrics["inference_time_to_first_answer_token_seconds_count", Tiny]);
        Assert.Equal(thoughts + answers - 4, metrics["vllm:inter_token_latency_seconds_count", Tiny]);
        Assert.Equal(4, metrics["vllm:e2e_request_latency_seconds_count", Tiny]);
        Assert.True(metrics["vllm:e2e_request_latency_seconds_sum", Tiny] >= metrics["inference_time_to_first_answer_token_seconds_sum", Tiny]);
        Assert.True(metrics["inference_time_to_first_answer_token_seconds_sum", Tiny] >= metrics["vllm:time_to_first_token_seconds_sum", Tiny]);
        Assert.Equal(prompts, metrics["vllm:request_prompt_tokens_sum", Tiny]);
        Assert.Equal(thoughts, metrics["inference_request_thought_tokens_sum", Tiny]);
        Assert.Equal(1, metrics["vllm:request_params_n_bucket", ("model_name", "plain"), ("le", "2")]);
        Assert.Equal(0, metrics["vllm:request_params_n_bucket", ("model_name", "plain"), ("le", "1")]);
        Assert.Equal(both.Completion, metrics["vllm:generation_tokens_total", ("model_name", "plain")]);
        Assert.Equal(1, metrics["inference_errors_total", ("code", "model_not_found")]);
    }

    [Fact]
    public async Task Load_is_seen_while_it_lasts_and_a_client_that_leaves_is_an_abort()
    {
        await using var server = new BusyServer();
        await server.InitializeAsync();
        using var leaving = new CancellationTokenSource();
        var body = Completion().With("max_tokens", 15_000).With("thinking_token_budget", 15_000).With("logit_bias", new JsonObject { ["257"] = -100, ["258"] = -100 });
        var calls = Enumerable.Range(0, 3).Select(_ => server.Http.PostAsync(Completions, new StringContent(body.ToJsonString(), null, "application/json"), leaving.Token)).ToList();
        var engine = server.Models.Slots[0].Model!.Engine;
        await TestServer.Eventually(() => Task.FromResult(engine.Load.Running == 2 && engine.Unfinished == 3));
        var busy = await ScrapeAsync(server);
        Assert.Equal(2, busy["vllm:num_requests_running", Tiny]);
        Assert.Equal(1, busy["vllm:num_requests_waiting", Tiny]);
        Assert.InRange(busy["vllm:kv_cache_usage_perc", Tiny], 1e-6, 1);
        await leaving.CancelAsync();
        foreach (var call in calls) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await server.BecomesIdle();
        var idle = await ScrapeAsync(server);
        Assert.Equal(0, idle["vllm:num_requests_running", Tiny]);
        Assert.Equal(0, idle["vllm:num_requests_waiting", Tiny]);
        Assert.Equal(0, idle["vllm:kv_cache_usage_perc", Tiny]);
        Assert.Equal(3, idle["vllm:request_success_total", Tiny, ("finished_reason", "abort")]);
        Assert.Equal(0, idle["vllm:e2e_request_latency_seconds_count", Tiny]);
    }

    internal static async Task<Exposition> ScrapeAsync(TestServer server)
    {
        using var response = await server.Http.GetAsync("/metrics");
        Assert.True(response.IsSuccessStatusCode);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        return Exposition.Parse(await response.Content.ReadAsStringAsync());
    }

    private sealed class BusyServer : TestServer
    {
        protected override IReadOnlyDictionary<string, string> ExtraSettings => new Dictionary<string, string>
        {
            ["Models:0:Path"] = TinyCheckpoint.Write(Path.Combine(Folder, "patient", "tiny"), "tas", context: PatientServer.Context),
            ["Engine:KvMemory"] = "64MB",
            ["Engine:MaxRunning"] = "2",
        };
    }
}
