using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using Microsoft.Extensions.Logging.Abstractions;

namespace InferenceServer.Benchmarks.Tests.Synthetic;

public sealed class SyntheticFolderTests
{
    private static readonly LlamaShape Shape = new("micro", 2, 64, 96, 4, 2, 320, Tied: false);

    [Fact]
    public async Task A_sharded_random_checkpoint_loads_thinks_and_answers()
    {
        var folder = Directory.CreateTempSubdirectory("synthetic-").FullName;
        try
        {
            SyntheticFolder.Ensure(folder, Shape, thinkingLayer: 1, shardBytes: 40_000);
            Assert.True(Directory.GetFiles(folder, "model-*-of-*.safetensors").Length > 1);
            using var model = ModelLoader.Load(
                new ModelOptions { Name = "micro", Path = folder, Cpu = new CpuOptions { Weights = WeightFormat.Q4, Threads = 1 }, KvMemory = 1 << 20 }, NullLogger.Instance);

            var generation = model.Submit(new GenerationRequest
            {
                Prompt = [1, 5, 6],
                MaxTokens = 6,
                ThoughtBudget = 4,
                Thinking = Never(),
                Answering = Never(),
            });

            Assert.Equal(ThinkingMethod.Tas, model.Thinking.Method);
            var events = await generation.Events.ReadAllAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);
            Assert.Equal(new GenerationUsage(3, 4, 2), Assert.IsType<GenerationEvent.Finished>(events[^1]).Usage);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static SamplingOptions Never() => SamplingOptions.Greedy with
    {
        Bias = new Dictionary<int, float> { [SyntheticTokens.End] = float.NegativeInfinity, [SyntheticTokens.ThoughtEnd] = float.NegativeInfinity },
    };
}
