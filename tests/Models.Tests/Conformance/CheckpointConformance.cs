using System.Text.Json;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Thinking;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>
/// Every engine, on every bundled checkpoint, loaded and run as the server does, against the generation of the recipe that
/// trained it.
/// </summary>
public abstract class CheckpointConformance(Func<ModelOptions, ServedModel> load)
{
    // Two implementations may choose differently only where the best two logits are closer than this.
    private const double Tie = 1e-4;

    private const double Tolerance = 1e-3;
    private const int MaxTokens = 512;
    private const int FewestLines = 200;

    public static TheoryData<string> Names => GoldenFile.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Prompts_tokenise_as_in_training(string name)
    {
        using var model = Load(name);
        foreach (var line in GoldenFile.Lines(name))
        {
            if (GoldenFile.Text(line, "prompt") is { } prompt) Assert.Equal(GoldenFile.Ids(line, "prompt_ids"), model.Tokenizer.EncodeToIds(prompt));
            else Assert.NotNull(GoldenFile.Text(line, "user"));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Greedy_thoughts_and_answers_are_the_recipes_token_for_token(string name)
    {
        using var model = Load(name);
        var lines = GoldenFile.Lines(name);
        Assert.True(lines.Count >= FewestLines, $"{lines.Count} lines; a golden file has at least {FewestLines}.");
        var compared = 0;
        foreach (var batch in lines.Chunk(100))
        {
            var generations = batch.Select(line => model.Engine.Submit(Request(model, line))).ToList();
            for (var i = 0; i < batch.Length; i++)
            {
                var said = await Said.ReadAsync(generations[i]);
                if (batch[i].GetProperty("gap").GetDouble() < Tie) continue;
                AssertSame(batch[i], said, model.EndOfSequence);
                compared++;
            }
        }

        Assert.True(compared >= 0.9 * lines.Count, $"Only {compared} of {lines.Count} lines have no tie.");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task First_logits_of_thought_and_answer_agree(string name)
    {
        using var model = Load(name);
        var detailed = GoldenFile.Lines(name).Where(line => line.TryGetProperty("first_answer_logits", out _) || line.TryGetProperty("first_thought_logits", out _)).ToList();
        Assert.NotEmpty(detailed);
        foreach (var line in detailed)
        {
            var everything = SamplingOptions.Greedy with { TopLogprobs = model.Spec.VocabularySize };
            var said = await Said.ReadAsync(model.Engine.Submit(Request(model, line) with { Answering = everything, Thinking = everything }));
            AssertClose(GoldenFile.Numbers(line, "first_thought_logits"), said.Tokens.FirstOrDefault(token => token.Channel == TokenChannel.Thought));
            AssertClose(GoldenFile.Numbers(line, "first_answer_logits"), said.Tokens.FirstOrDefault(token => token.Channel == TokenChannel.Answer));
        }
    }

    private ServedModel Load(string name) => load(new ModelOptions { Name = name, Path = GoldenFile.Checkpoint(name), KvMemory = 64 << 20 });

    private static GenerationRequest Request(ServedModel model, JsonElement line)
    {
        int[] prompt = GoldenFile.Ids(line, "prompt_ids");
        var room = model.ContextLength - prompt.Length - model.Thinking.SampledThoughtTokens - 2;
        return new GenerationRequest
        {
            Prompt = prompt,
            MaxTokens = Math.Min(line.TryGetProperty("max_tokens", out var given) ? given.GetInt32() : MaxTokens, room),
            Answering = SamplingOptions.Greedy,
            Thinking = SamplingOptions.Greedy,
        };
    }

    private static void AssertSame(JsonElement line, Said said, IReadOnlySet<int> ends)
    {
        IEnumerable<int> Expected(string ids) => GoldenFile.Ids(line, ids).Where(id => !ends.Contains(id));
        if (line.TryGetProperty("output_ids", out _))
        {
            Assert.Equal(Expected("output_ids"), said.Tokens.Where(token => token.TokenId is not null).Select(token => token.TokenId!.Value));
        }
        else
        {
            // A token that would end the answer ends nothing inside a thought of Quiet-STaR.
            Assert.Equal(GoldenFile.Ids(line, "thought_ids"), said.Ids(TokenChannel.Thought));
            Assert.Equal(Expected("answer_ids"), said.Ids(TokenChannel.Answer));
        }

        Assert.Equal(GoldenFile.Text(line, "thought") ?? "", said.Text(TokenChannel.Thought));
        Assert.Equal(GoldenFile.Text(line, "answer"), said.Text(TokenChannel.Answer));
        if (GoldenFile.Numbers(line, "mix") is not { } mix) return;
        double[] found = [.. said.Tokens.Where(token => token.Channel == TokenChannel.Answer).Select(token => (double)token.Mix)];
        Assert.All(mix.Zip(found), pair => Assert.Equal(pair.First, pair.Second, Tolerance * Math.Max(1, Math.Abs(pair.First))));
    }

    // Logits are known up to a constant here, and only over ids the method may draw.
    private static void AssertClose(double[]? logits, GenerationEvent.Token? first)
    {
        if (logits is null) return;
        Assert.NotNull(first);
        int[] ids = [.. first.Top.Select(top => top.Token)];
        var expected = Golden.LogSoftmax([.. ids.Select(id => logits[id])]);
        var allowed = Tolerance * expected.Max(Math.Abs);
        Assert.NotEmpty(ids);
        for (var i = 0; i < ids.Length; i++) Assert.InRange(first.Top[i].Logprob, expected[i] - allowed, expected[i] + allowed);
    }

    /// <summary>All a generation sent.</summary>
    private sealed record Said(IReadOnlyList<GenerationEvent.Token> Tokens)
    {
        public static async Task<Said> ReadAsync(Generation generation)
        {
            var tokens = new List<GenerationEvent.Token>();
            await foreach (var generationEvent in generation.Events.ReadAllAsync(TestContext.Current.CancellationToken))
            {
                Assert.IsNotType<GenerationEvent.Failed>(generationEvent);
                if (generationEvent is GenerationEvent.Restarted restarted) tokens.RemoveAll(token => token.Channel == restarted.Channel);
                if (generationEvent is GenerationEvent.Token token) tokens.Add(token);
            }

            return new Said(tokens);
        }

        public IEnumerable<int> Ids(TokenChannel channel) =>
            Tokens.Where(token => token.Channel == channel && token.TokenId is not null).Select(token => token.TokenId!.Value);

        public string Text(TokenChannel channel) => string.Concat(Tokens.Where(token => token.Channel == channel).Select(token => token.Text));
    }
}
