using System.Text.Json;
using InferenceServer.Models.Architectures;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Architectures;
using InferenceServer.Models.Tests.Engine;
using InferenceServer.Models.Tests.Thinking;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>
/// Every engine, on methods in their published layout, from file to distribution, against PyTorch: Quiet-STaR and ICoT-KD
/// (tests/golden/make_methods.py; the former in the parallel form its training uses, with all positions thinking at once),
/// LoRA and Bitune (tests/golden/make_adapters.py).
/// </summary>
/// <param name="create">From spec, pages, and positions of a page.</param>
public abstract class PublishedMethodConformance(Func<DecoderSpec, int, int, IDecoder> create)
{
    public static TheoryData<string> Adapters => GoldenAdapter.Names;

    [Theory]
    [InlineData("quiet-star", ThinkingMethod.QuietStar, MethodSource.Signature)]
    [InlineData("quiet-star-block", ThinkingMethod.QuietStar, MethodSource.ThinkingBlock)]
    [InlineData("icot-kd", ThinkingMethod.IcotKd, MethodSource.ThinkingBlock)]
    [InlineData("icot-kd-mixture", ThinkingMethod.IcotKd, MethodSource.ThinkingBlock)]
    public async Task Thoughts_weights_answers_and_logits_are_those_of_pytorch(string name, ThinkingMethod method, MethodSource source)
    {
        var folder = Path.Combine(Path.GetDirectoryName(Golden.Root())!, "GoldenMethods", name);
        using var checkpoint = Checkpoint.Open(folder);
        Assert.Equal((method, source), (MethodDetector.Detect(checkpoint).Method, MethodDetector.Detect(checkpoint).Source));
        var expected = JsonElement.Parse(File.ReadAllText(Path.Combine(folder, "expected.json")));
        var answer = GoldenFile.Ids(expected, "answer");
        var built = ModelBuilder.Build(checkpoint);
        var setup = new TinySetup(built.Spec, built.Method.Block, new HashSet<int>());
        var events = await Generate(setup, GoldenFile.Ids(expected, "tokens"), answer.Length);
        Assert.Equal(GoldenFile.Ids(expected, "thoughts"), EngineHarness.Tokens(events, TokenChannel.Thought));
        Assert.Equal(answer, EngineHarness.Tokens(events, TokenChannel.Answer));
        var tokens = events.OfType<GenerationEvent.Token>().Where(token => token.Channel == TokenChannel.Answer).ToList();
        double[][] logits = [.. expected.GetProperty("logits").EnumerateArray().Select(row => row.EnumerateArray().Select(value => value.GetDouble()).ToArray())];
        Golden.AssertClose(logits, [.. tokens.Select(ById)]);
        if (GoldenFile.Numbers(expected, "mix") is { } mix)
            Assert.All(mix.Zip(tokens), pair => Assert.Equal(pair.First, pair.Second.Mix, 1e-4));
    }

    [Theory]
    [MemberData(nameof(Adapters))]
    public async Task Answers_and_logits_of_an_adapter_are_those_of_pytorch(string name)
    {
        var adapter = GoldenAdapter.Open(name);
        var opened = new List<IDisposable>();
        try
        {
            var setup = GoldenAdapter.Setups([adapter], opened)[0];
            Assert.Equal(name.StartsWith("bitune", StringComparison.Ordinal) ? ThinkingMethod.Bitune : ThinkingMethod.Plain, setup.Thinking.Method);
            var tokens = (await Generate(setup, adapter.Tokens, adapter.Answer.Length)).OfType<GenerationEvent.Token>().ToList();
            Assert.Equal(adapter.Answer, tokens.Select(token => token.TokenId!.Value));
            Golden.AssertClose(adapter.Logits, [.. tokens.Select(ById)]);
        }
        finally
        {
            foreach (var item in opened) item.Dispose();
        }
    }

    private async Task<List<GenerationEvent>> Generate(TinySetup setup, int[] prompt, int count)
    {
        using var engine = EngineHarness.On(create(setup.Spec, 256, 4), setup);
        var everything = SamplingOptions.Greedy with { TopLogprobs = setup.Spec.VocabularySize };
        return await EngineHarness.Read(engine.Submit(new GenerationRequest { Prompt = prompt, MaxTokens = count, Answering = everything, Thinking = everything }));
    }

    private static double[] ById(GenerationEvent.Token token)
    {
        var values = new double[token.Top.Count];
        foreach (var (id, logprob) in token.Top) values[id] = logprob;
        return values;
    }
}
