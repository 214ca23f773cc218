using System.Text.Json;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Thinking;
using Microsoft.Extensions.Logging.Abstractions;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>
/// The bundled TaS checkpoint against the greedy two-pass generation of the PyTorch recipe that trained it, beyond what
/// <see cref="CheckpointGoldenTests"/> asks of every checkpoint: cut thoughts, both heads in both weight formats.
/// </summary>
public sealed class TasStoriesTests : IDisposable
{
    // Two implementations may choose differently only where the best two logits are closer than this.
    private const double Tie = 1e-4;

    private const string Name = "tas-stories";

    private readonly ServedModel _model = Load();

    public void Dispose() => _model.Dispose();

    [Fact]
    public async Task Answers_after_a_cut_thought_are_the_recipes()
    {
        foreach (var line in Lines().Where(line => line.TryGetProperty("budget", out _)))
        {
            foreach (var budget in line.GetProperty("budget").EnumerateObject())
            {
                var request = Request(Ids(line, "prompt_ids")) with { ThoughtBudget = int.Parse(budget.Name, null) };
                var (thought, answer) = await Read(_model.Engine.Submit(request));
                if (budget.Value.GetProperty("gap").GetDouble() < Tie) continue;
                Assert.Equal(Ids(budget.Value, "thought_ids"), thought);
                Assert.Equal(Ids(budget.Value, "answer_ids").Where(id => !_model.EndOfSequence.Contains(id)), answer);
            }
        }
    }

    [Theory]
    [InlineData(WeightFormat.F32, 1e-3)]
    [InlineData(WeightFormat.BF16, 5e-3)]
    [InlineData(WeightFormat.Q8, 2e-2)]
    public void First_logits_of_thought_and_answer_agree(WeightFormat weights, double tolerance)
    {
        using var decoder = new CpuDecoder(_model.Spec, 64, new CpuOptions { Weights = weights });
        foreach (var line in Lines().Where(line => line.TryGetProperty("first_thought_logits", out _)))
        {
            var harness = new DecoderHarness(decoder);
            int[] prompt = Ids(line, "prompt_ids");
            int[] spoken = [.. prompt, .. Ids(line, "thought_ids"), _model.Thinking.ThoughtEndTokenId!.Value];
            var lower = new LayerRange(0, _model.Thinking.ThinkingLayer);
            AssertClose(line, "first_thought_logits", harness.Logprobs(harness.Prompt(prompt) with { Range = lower }, head: 1)[^1], tolerance);
            AssertClose(line, "first_answer_logits", harness.Logprobs(harness.Prompt(spoken))[^1], tolerance);
        }
    }

    [Fact]
    public void Most_held_out_problems_are_solved()
    {
        var right = Lines().Count(line => line.GetProperty("answer").GetString() == line.GetProperty("expected").GetString());
        Assert.True(right >= 0.8 * Lines().Count, $"{right} of {Lines().Count} golden answers are right.");
    }

    private static ServedModel Load()
    {
        return ModelLoader.Load(new ModelOptions { Name = Name, Path = GoldenFile.Checkpoint(Name), KvMemory = 64 << 20 }, NullLogger.Instance);
    }

    private static GenerationRequest Request(int[] prompt) => new()
    {
        Prompt = prompt,
        MaxTokens = 160,
        Answering = SamplingOptions.Greedy,
        Thinking = SamplingOptions.Greedy,
    };

    private static async Task<(List<int> Thought, List<int> Answer)> Read(Generation generation)
    {
        var (thought, answer) = (new List<int>(), new List<int>());
        await foreach (var generationEvent in generation.Events.ReadAllAsync())
        {
            Assert.IsNotType<GenerationEvent.Failed>(generationEvent);
            if (generationEvent is GenerationEvent.Token token) (token.Channel == TokenChannel.Thought ? thought : answer).Add(token.TokenId!.Value);
        }

        return (thought, answer);
    }

    // Logits are known up to a constant here, so both sides are compared as log-probabilities.
    private static void AssertClose(JsonElement line, string name, double[] actual, double tolerance)
    {
        double[] logits = [.. line.GetProperty(name).EnumerateArray().Select(value => value.GetDouble())];
        var expected = Golden.LogSoftmax(logits);
        var allowed = tolerance * expected.Max(Math.Abs);
        for (var id = 0; id < expected.Length; id++) Assert.InRange(actual[id], expected[id] - allowed, expected[id] + allowed);
    }

    private static List<JsonElement> Lines() => GoldenFile.Lines(Name);

    private static int[] Ids(JsonElement line, string name) => GoldenFile.Ids(line, name);
}
