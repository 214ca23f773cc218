using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Engine;
using InferenceServer.Models.Tests.Thinking;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Architectures;

/// <summary>LoRA and Bitune folders in their published layout, several on one engine, and what silences them.</summary>
public sealed class AdapterGoldenTests : IDisposable
{
    private readonly List<IDisposable> _opened = [];

    public void Dispose()
    {
        foreach (var item in _opened) item.Dispose();
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("tas")]
    public async Task One_batch_mixes_a_base_its_adapters_and_bitune_and_each_says_what_it_says_alone(string basis)
    {
        var adapters = GoldenAdapter.All().Where(adapter => adapter.Base == basis).ToList();
        var setups = GoldenAdapter.Setups(adapters, _opened);
        var plain = setups[0] with { Thinking = new ThinkingBlock(), Adapters = ModelAdapters.None };
        var work = adapters.Zip(setups).SelectMany(pair => new[] { (Setup: pair.Second, pair.First.Tokens), (Setup: plain, pair.First.Tokens) }).ToList();
        using var together = Engine(plain);
        var stories = new List<string>();
        // Twice: the second time the prompts come from the cache, where each may only find its own.
        for (var round = 0; round < 2; round++)
        {
            var generations = work.Select(item => together.Submit(Sampled(item.Tokens), EngineHarness.Model(item.Setup))).ToList();
            foreach (var generation in generations) stories.Add(EngineHarness.Story(await EngineHarness.Read(generation)));
        }

        for (var i = 0; i < work.Count; i++)
        {
            using var alone = Engine(work[i].Setup);
            var story = EngineHarness.Story(await EngineHarness.Read(alone.Submit(Sampled(work[i].Tokens))));
            Assert.Equal(story, stories[i]);
            Assert.Equal(story, stories[work.Count + i]);
        }

        // The adapters do something.
        Assert.All(Enumerable.Range(0, adapters.Count), i => Assert.NotEqual(stories[2 * i], stories[(2 * i) + 1]));
    }

    [Theory]
    [InlineData("bitune")]
    [InlineData("bitune-607")]
    [InlineData("bitune-801")]
    public async Task With_theta_zero_bitune_is_its_causal_adapter_bit_for_bit(string name)
    {
        var adapter = GoldenAdapter.Open(name);
        var bitune = GoldenAdapter.Setups([adapter], _opened)[0];
        var lora = GoldenAdapter.Setups([adapter], _opened, ThinkingMethod.Plain)[0];
        float[] zero = new float[bitune.Spec.Layers.Count];
        var silent = bitune with { Spec = bitune.Spec with { Blends = [new BlendSpec(zero, zero)] } };
        Assert.Equal(await Story(lora, adapter), await Story(silent, adapter));
        Assert.NotEqual(await Story(lora, adapter), await Story(bitune, adapter));
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("lora-all-linear")]
    [InlineData("lora-gpt2")]
    public async Task With_b_zero_an_adapter_is_its_base_bit_for_bit(string name)
    {
        var adapter = GoldenAdapter.Open(name);
        var lora = GoldenAdapter.Setups([adapter], _opened)[0];
        var zero = lora.Spec.Adapters[0].Targets.ToDictionary(entry => entry.Key, entry => entry.Value with { B = Zero(entry.Value.B) });
        var silent = lora with { Spec = lora.Spec with { Adapters = [new AdapterSpec("zero", zero)] } };
        Assert.Equal(await Story(lora with { Adapters = ModelAdapters.None }, adapter), await Story(silent, adapter));
        Assert.NotEqual(await Story(lora, adapter), await Story(silent, adapter));
    }

    private static Matrix Zero(Matrix matrix) =>
        Matrix.Of(Tensor.FromArray("zero", [matrix.Rows, matrix.Columns], new float[matrix.Rows * matrix.Columns]));

    private static async Task<string> Story(TinySetup setup, GoldenAdapter adapter)
    {
        using var engine = Engine(setup);
        return EngineHarness.Story(await EngineHarness.Read(engine.Submit(Sampled(adapter.Tokens))));
    }

    private static InferenceEngine Engine(TinySetup setup) => EngineHarness.On(new CpuDecoder(setup.Spec, 256, new CpuOptions { Threads = 1 }, pageTokens: 4), setup);

    private static GenerationRequest Sampled(int[] prompt) => new() { Prompt = prompt, MaxTokens = 12, Seed = 7 };
}
