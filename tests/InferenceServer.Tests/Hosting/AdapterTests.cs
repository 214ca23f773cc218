using System.Net.Http.Json;
using System.Text.Json.Nodes;
using InferenceServer.Models.Checkpoints;
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
