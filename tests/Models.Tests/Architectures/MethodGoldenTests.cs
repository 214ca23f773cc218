using InferenceServer.Models.Architectures;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Checkpoints;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Tests.Engine;
using InferenceServer.Models.Tests.Thinking;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Architectures;

/// <summary>
/// What a loader takes from checkpoints of Quiet-STaR and ICoT-KD in their published layout; what they say is
/// <see cref="PublishedMethodConformance"/>'s to ask.
/// </summary>
public sealed class MethodGoldenTests
{
    [Theory]
    [InlineData("start_embedding", 0, true)]
    [InlineData("end_embedding", 0, true)]
    [InlineData("start_embedding", 1, false)]
    [InlineData("end_embedding", 1, false)]
    [InlineData("model.embed_tokens.weight", 41, false)]
    [InlineData("model.embed_tokens.weight", 42, false)]
    public async Task Thoughts_begin_and_end_with_the_first_rows_of_the_learned_vectors_and_nothing_else(string tensor, int row, bool matters)
    {
        using var folder = new TemporaryFolder();
        using var original = Checkpoint.Open(Folder("quiet-star-block"));
        folder.Write("config.json", File.ReadAllText(original.Config.File));
        folder.Write("model.safetensors", SafetensorsWriter.Write(original.Tensors.Names.Select(name => (name, Shape(name), Values(name)))));
        using var changed = Checkpoint.Open(folder.Path);
        int[] prompt = [3, 14, 15, 9];
        var stories = (Before: EngineHarness.Story(await Generate(original, prompt, 5)), After: EngineHarness.Story(await Generate(changed, prompt, 5)));
        Assert.Equal(matters, stories.Before != stories.After);

        int[] Shape(string name) => [.. original.Tensors.Find(name)!.Shape];

        float[] Values(string name)
        {
            var values = new float[original.Tensors.Find(name)!.Count];
            original.Tensors.Find(name)!.Read(0, values);
            if (name == tensor)
            {
                var width = Shape(name)[1];
                foreach (ref var value in values.AsSpan(row * width, width)) value += 1;
            }

            return values;
        }
    }

    [Fact]
    public async Task Ten_thousand_drawn_tokens_are_all_of_the_base_vocabulary()
    {
        using var checkpoint = Checkpoint.Open(Folder("quiet-star-block"));
        var setup = Setup(checkpoint);
        using var engine = Engine(setup);
        var drawn = 0;
        foreach (var events in await EngineHarness.ReadAll(engine, Enumerable.Range(0, 52).Select(seed => new GenerationRequest { Prompt = [3, 14], MaxTokens = 49, Seed = (ulong)seed })))
        {
            foreach (var channel in (TokenChannel[])[TokenChannel.Thought, TokenChannel.Answer])
            {
                var tokens = EngineHarness.Tokens(events, channel).ToList();
                Assert.All(tokens, token => Assert.InRange(token, 0, setup.Thinking.BaseVocabularySize - 1));
                drawn += tokens.Count;
            }
        }

        Assert.True(drawn >= 10_000, $"Only {drawn} tokens were drawn.");
    }

    [Theory]
    [InlineData("use_weighted_talk_head", "false")]
    [InlineData("use_concat_talk_head", "false")]
    [InlineData("use_shallow_talk", "true")]
    [InlineData("merged_talk_heads", "false")]
    public void Other_variants_of_quiet_star_are_refused_by_their_key(string key, string value)
    {
        using var copy = new CheckpointCopy("llama").With("thinking", """{"method":"quiet_star"}""").With(key, value);
        using var checkpoint = copy.Open();
        var refused = Assert.Throws<CheckpointException>(() => ModelBuilder.Build(checkpoint));
        Assert.Equal((CheckpointErrorKind.MethodUnsupported, $"key '{key}'"), (refused.Kind, refused.Subject));
    }

    [Theory]
    [InlineData("quiet_star", CheckpointErrorKind.TensorMissing, "start_embedding")]
    [InlineData("icot_kd", CheckpointErrorKind.MethodUnsupported, "emulator")]
    public void What_a_method_needs_and_the_folder_lacks_is_named(string method, CheckpointErrorKind kind, string part)
    {
        using var copy = new CheckpointCopy("llama").With("thinking", $$"""{"method":"{{method}}"}""");
        using var checkpoint = copy.Open();
        var refused = Assert.Throws<CheckpointException>(() => ModelBuilder.Build(checkpoint));
        Assert.Equal(kind, refused.Kind);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }

    private static string Folder(string name) => Path.Combine(Path.GetDirectoryName(Golden.Root())!, "GoldenMethods", name);

    private static TinySetup Setup(Checkpoint checkpoint)
    {
        var built = ModelBuilder.Build(checkpoint);
        return new TinySetup(built.Spec, built.Method.Block, new HashSet<int>());
    }

    private static InferenceEngine Engine(TinySetup setup) => EngineHarness.On(new CpuDecoder(setup.Spec, 256, new CpuOptions { Threads = 1 }, pageTokens: 4), setup);

    private static async Task<List<GenerationEvent>> Generate(Checkpoint checkpoint, int[] prompt, int count)
    {
        var setup = Setup(checkpoint);
        using var engine = Engine(setup);
        var everything = SamplingOptions.Greedy with { TopLogprobs = setup.Spec.VocabularySize };
        return await EngineHarness.Read(engine.Submit(new GenerationRequest { Prompt = prompt, MaxTokens = count, Answering = everything, Thinking = everything }));
    }
}
