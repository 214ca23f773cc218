using System.Text.Json;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Thinking;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>
/// Every engine, on bundled checkpoints: the log-probabilities of prompts against one dense forward of PyTorch
/// (training/common/scores.py, which also says which head it asks).
/// </summary>
public abstract class ScoreConformance(Func<ModelOptions, ServedModel> load)
{
    private const double Tolerance = 1e-3;
    private const int Top = 3;

    public static TheoryData<string> Names =>
        [.. Directory.EnumerateFiles(Folder, "*.jsonl").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    private static string Folder => Path.GetFullPath("../GoldenScores", Golden.Root());

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_prompt_is_as_likely_as_the_recipe_says(string name)
    {
        using var model = load(new ModelOptions { Name = name, Path = GoldenFile.Checkpoint(name), KvMemory = 64 << 20 });
        var lines = File.ReadLines(Path.Combine(Folder, $"{name}.jsonl")).Select(line => JsonElement.Parse(line)).ToList();
        var generations = lines.Select(line => model.Engine.Submit(new GenerationRequest { Prompt = GoldenFile.Ids(line, "ids"), MaxTokens = 0, PromptLogprobs = Top })).ToList();
        var compared = 0;
        for (var i = 0; i < lines.Count; i++)
        {
            var events = await generations[i].Events.ReadAllAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);
            Assert.Equal(2, events.Count);
            var scores = Assert.IsType<GenerationEvent.PromptScored>(events[0]).Tokens;
            Assert.Equal(FinishReason.Length, Assert.IsType<GenerationEvent.Finished>(events[1]).Reason);
            Assert.Equal(GoldenFile.Ids(lines[i], "ids").Skip(1), scores.Select(score => score.Token));
            var expected = GoldenFile.Numbers(lines[i], "logprobs")!;
            var (ranks, tops) = (lines[i].GetProperty("ranks"), lines[i].GetProperty("top"));
            for (var token = 0; token < expected.Length; token++)
            {
                Assert.Equal(expected[token], scores[token].Logprob, Tolerance * Math.Max(1, Math.Abs(expected[token])));
                if (ranks[token].ValueKind == JsonValueKind.Number) Assert.Equal(ranks[token].GetInt32(), scores[token].Rank);
                if (tops[token].ValueKind != JsonValueKind.Array) continue;
                Assert.Equal(tops[token].EnumerateArray().Select(id => id.GetInt32()), scores[token].Top.Select(top => top.Token));
                compared++;
            }
        }

        Assert.True(compared > 400, $"{compared} tokens compared.");
    }
}
