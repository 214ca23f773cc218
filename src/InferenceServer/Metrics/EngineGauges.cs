using System.Globalization;
using InferenceServer.Hosting;
using InferenceServer.Models.Engine;

namespace InferenceServer.Metrics;

/// <summary>
/// The engines as they are now. Models that share an engine share its numbers, which stand once, under the name of the first
/// of them, as vLLM has it: a sum over all series counts nothing twice. What can be told of each model follows. A block of vLLM's is here <see cref="Models.Decoding.KvGeometry.PageTokens"/> positions in all layers.
/// </summary>
internal sealed class EngineGauges(ModelRegistry models, ModelActivity activity)
{
    public void Write(PrometheusText text)
    {
        var engines = models.Engines.ToList();
        Each("vllm:num_requests_running", "gauge", "Requests that share the steps.", engine => Math.Min(engine.Load.Running, engine.Unfinished));
        Each("vllm:num_requests_waiting", "gauge", "Requests that wait to be admitted, preempted ones included.", engine => Math.Max(0, engine.Unfinished - engine.Load.Running));
        Each("vllm:kv_cache_usage_perc", "gauge", "Share of the KV memory that running requests hold; 1 = all.", Usage);
        Each("vllm:gpu_cache_usage_perc", "gauge", "The older name of vllm:kv_cache_usage_perc.", Usage);
        Each("inference_kv_cached_perc", "gauge", "Share of the KV memory that only holds prompts to come; it is given up when needed.", engine => (double)engine.Load.CachedPages / engine.KvPages);
        Each("vllm:prefix_cache_queries_total", "counter", "Prompt tokens looked up in the prefix cache.", engine => engine.Load.PrefixQueries);
        Each("vllm:prefix_cache_hits_total", "counter", "Prompt tokens found in the prefix cache.", engine => engine.Load.PrefixHits);
        Each("vllm:gpu_prefix_cache_queries_total", "counter", "The older name of vllm:prefix_cache_queries_total.", engine => engine.Load.PrefixQueries);
        Each("vllm:gpu_prefix_cache_hits_total", "counter", "The older name of vllm:prefix_cache_hits_total.", engine => engine.Load.PrefixHits);
        Each("vllm:num_preemptions_total", "counter", "Requests that had to give their memory back for a while.", engine => engine.Load.Preemptions);
        CacheConfig(text, engines);
        Adapters(text);
        ServedModels(text);
        text.Head("inference_ready", "gauge", "1 while the server takes requests.");
        text.Sample("inference_ready", [], models.NotReady is null ? 1 : 0);

        void Each(string name, string type, string help, Func<InferenceEngine, double> value)
        {
            text.Head(name, type, help);
            foreach (var engine in engines) text.Sample(name, [(MetricFamily.ModelLabel, engine.Name)], value(engine));
        }
    }

    private static double Usage(InferenceEngine engine)
    {
        var load = engine.Load;
        return Math.Clamp((double)(load.UsedPages - load.CachedPages + load.ChargedPages) / engine.KvPages, 0, 1);
    }

    private static void CacheConfig(PrometheusText text, IEnumerable<InferenceEngine> engines)
    {
        const string Name = "vllm:cache_config_info";
        text.Head(Name, "gauge", "How KV memory is divided; num_gpu_blocks counts blocks of all layers, wherever they lie.");
        foreach (var engine in engines)
        {
            var geometry = engine.Geometry;
            text.Sample(
                Name,
                [(MetricFamily.ModelLabel, engine.Name), ("block_size", Text(geometry.PageTokens)), ("num_gpu_blocks", Text(engine.KvPages / geometry.LayerGroups))],
                1);
        }
    }

    private void Adapters(PrometheusText text)
    {
        const string Name = "vllm:lora_requests_info";
        var adapters = models.Slots.Where(slot => slot.Model?.BaseModel is not null).Select(slot => slot.Options.Name).ToList();
        if (adapters.Count == 0) return;
        text.Head(Name, "gauge", "Adapters with running and with waiting requests; the value is when that last changed, in seconds since 1970.");
        text.Sample(
            Name,
            [
                ("max_lora", Text(adapters.Count)),
                ("running_lora_adapters", string.Join(',', adapters.Where(name => activity.Of(name).Running > 0))),
                ("waiting_lora_adapters", string.Join(',', adapters.Where(name => activity.Of(name).Waiting > 0))),
            ],
            activity.Changed);
    }

    private void ServedModels(PrometheusText text)
    {
        const string Requests = "inference_model_requests";
        text.Head(Requests, "gauge", "Requests of a served model by state: running ones have had their first step, waiting ones have not.");
        foreach (var name in models.Slots.Select(slot => slot.Options.Name))
        {
            var (waiting, running) = activity.Of(name);
            text.Sample(Requests, [(MetricFamily.ModelLabel, name), ("state", "running")], running);
            text.Sample(Requests, [(MetricFamily.ModelLabel, name), ("state", "waiting")], waiting);
        }

        const string Info = "inference_model_info";
        text.Head(Info, "gauge", "Which engine a served model runs on, by the name its numbers stand under.");
        foreach (var slot in models.Slots)
        {
            if (slot.Model is { } model) text.Sample(Info, [(MetricFamily.ModelLabel, slot.Options.Name), ("engine", model.Engine.Name)], 1);
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
