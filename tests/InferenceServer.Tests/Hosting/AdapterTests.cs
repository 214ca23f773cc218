using System.Net.Http.Json;
using System.Text.Json.Nodes;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Tests.Metrics;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Hosting;

/// <summary>Adapters are models of their own, on the engine and the weights of their base.</summary>
public sealed class AdapterTests(AdapterTests.AdapterServer server) : IClassFixture<AdapterTests.AdapterServer>
{
    private static readonly string[] OnTiny = ["tiny", "tiny-lora", "tiny-other", "tiny-bitune"];

    [Fact]
    public void They_share_the_engine_of_their_base()
    {
        var models = OnTiny.Select(name => server.Models.Require(name).Model).ToList();
        Assert.Single(models.Select(model => model.Engine).Distinct());
        Assert.NotSame(models[0].Engine, server.Models.Require("plain").Model.Engine);
        Assert.Equal([ThinkingMethod.Tas, ThinkingMethod.Tas, ThinkingMethod.Plain, ThinkingMethod.Bitune], models.Select(model => model.Thinking.Method));
        Assert.Equal([null, "tiny", "tiny", "tiny"], models.Select(model => model.BaseModel));
    }

    [Fact]
    public async Task The_list_of_models_names_their_base()
    {
        var list = (await server.Http.GetFromJsonAsync<JsonObject>("/v1/models"))!["data"]!.AsArray();
        Assert.Equal("tiny", (string?)list.Single(model => (string)model!["id"]! == "tiny-bitune")!["base_model"]);
        Assert.Equal("bitune", (string?)list.Single(model => (string)model!["id"]! == "tiny-bitune")!["method"]);
    }

    [Fact]
    public async Task Asked_at_once_each_says_what_it_says_alone()
    {
        var alone = new List<(string?, string)>();
        foreach (var name in OnTiny) alone.Add(Said(await server.CallAsync(Chats, Chat(model: name))));
        Assert.Equal(OnTiny.Length, alone.Distinct().Count());
        var together = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => server.CallAsync(Chats, Chat(model: OnTiny[i % OnTiny.Length]))));
        for (var i = 0; i < together.Length; i++) Assert.Equal(alone[i % OnTiny.Length], Said(together[i]));
        Assert.NotNull(alone[1].Item1);
        Assert.Null(alone[3].Item1);
        await server.BecomesIdle();
    }

    [Fact]
    public async Task Metrics_count_the_shared_engine_once_and_each_model_by_itself()
    {
        var before = await MetricsTests.ScrapeAsync(server);
        var endless = Chat(model: "tiny-lora").With("max_tokens", 400).With("thinking_token_budget", 400).With("n", 2).With("logit_bias", new JsonObject { ["257"] = -100, ["258"] = -100 });
        using (var stream = await LiveStream.OpenAsync(server, Chats, endless))
        {
            await stream.UntilAsync(chunk => chunk.Data.Contains("reasoning_content", StringComparison.Ordinal));
            var metrics = await MetricsTests.ScrapeAsync(server);
            Assert.Equal(["bare", "plain", "tiny"], metrics.Series("vllm:num_requests_running").Select(series => series.Labels["model_name"]).Order());
            Assert.Equal(2, metrics["vllm:num_requests_running", ("model_name", "tiny")] + metrics["vllm:num_requests_waiting", ("model_name", "tiny")]);
            Assert.Equal(2, Requests(metrics, "tiny-lora"));
            foreach (var other in OnTiny.Where(name => name != "tiny-lora")) Assert.Equal(0, Requests(metrics, other));
            foreach (var name in OnTiny) Assert.Equal(1, metrics["inference_model_info", ("model_name", name), ("engine", "tiny")]);
            Assert.Equal(1, metrics["inference_model_info", ("model_name", "plain"), ("engine", "plain")]);
        }

        await server.BecomesIdle();
        await TestServer.Eventually(async () => Requests(await MetricsTests.ScrapeAsync(server), "tiny-lora") == 0);
        var after = await MetricsTests.ScrapeAsync(server);
        foreach (var name in OnTiny)
            Assert.Equal(name == "tiny-lora", after["vllm:generation_tokens_total", ("model_name", name)] > before["vllm:generation_tokens_total", ("model_name", name)]);

        static double Requests(Exposition metrics, string model) =>
            metrics["inference_model_requests", ("model_name", model), ("state", "running")] + metrics["inference_model_requests", ("model_name", model), ("state", "waiting")];
    }

    public sealed class AdapterServer : TestServer
    {
        private readonly string _adapters = Path.Combine(Path.GetTempPath(), $"inference-server-adapters-{Guid.NewGuid():N}");

        protected override IReadOnlyDictionary<string, string> ExtraSettings => new Dictionary<string, string>
        {
            ["Models:0:Adapters:0:Name"] = "tiny-lora",
            ["Models:0:Adapters:0:Path"] = TinyAdapter.Write(Path.Combine(_adapters, "lora"), "nowhere", seed: 1),
            ["Models:0:Adapters:1:Path"] = TinyAdapter.Write(Path.Combine(_adapters, "tiny-other"), "nowhere", seed: 2),
            ["Models:0:Adapters:1:Method"] = "plain",
            ["Models:3:Path"] = TinyAdapter.Write(Path.Combine(_adapters, "tiny-bitune"), Path.Combine("..", "..", Path.GetFileName(Folder), "tiny"), seed: 3, bitune: true),
        };

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            if (Directory.Exists(_adapters)) Directory.Delete(_adapters, recursive: true);
            GC.SuppressFinalize(this);
        }
    }
}
