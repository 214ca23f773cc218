using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Tests.Thinking;
using InferenceServer.Models.Thinking;
using static InferenceServer.Models.Tests.Engine.EngineHarness;

namespace InferenceServer.Models.Tests.Engine;

/// <summary>
/// A model whose long sequences are placed by other frequencies (LongRoPE): every token is the one a forward over all
/// tokens before it gives, on either side of the original context and across it.
/// </summary>
public class LongSequenceTests
{
    private const int OriginalContext = 32;

    private static readonly SamplingOptions Endless = new()
    {
        Temperature = 0,
        Bias = new Dictionary<int, float> { [TinySetup.End] = float.NegativeInfinity, [TinySetup.EndOfText] = float.NegativeInfinity },
    };

    [Theory]
    [InlineData(10, 12)]
    [InlineData(20, 30)]
    [InlineData(31, 3)]
    [InlineData(32, 3)]
    [InlineData(33, 3)]
    [InlineData(50, 20)]
    public async Task Every_token_is_that_of_a_forward_over_all_before_it(int prompt, int count)
    {
        var setup = Setup(ThinkingMethod.Plain);
        var request = Request(prompt, count);
        List<int> found;
        using (var engine = Create(setup))
        {
            found = [.. Tokens(await Read(engine.Submit(request)), TokenChannel.Answer)];
            await Idle(engine);
        }

        using var decoder = new ReferenceDecoder(setup.Spec, 4000, 4);
        var harness = new DecoderHarness(decoder);
        var tokens = request.Prompt.ToList();
        while (tokens.Count < prompt + count) tokens.Add(Best(harness.Logprobs(harness.Prompt(tokens))[^1]));
        Assert.Equal(tokens.Skip(prompt), found);
    }

    /// <summary>A prompt that is long shares nothing with one that is short, though they begin alike.</summary>
    [Theory]
    [InlineData(ThinkingMethod.Plain)]
    [InlineData(ThinkingMethod.Tas)]
    [InlineData(ThinkingMethod.Bitune)]
    [InlineData(ThinkingMethod.QuietStar)]
    public async Task Company_and_the_prefix_cache_do_not_show(ThinkingMethod method)
    {
        var setup = Setup(method);
        GenerationRequest[] requests = [Request(24, 24), Request(44, 8), Request(24, 4), Request(30, 14), Request(44, 12)];
        var alone = new List<string>();
        foreach (var request in requests)
        {
            using var calm = Create(setup, options: new EngineOptions { MaxRunning = 1, StepRows = 64, PrefixCache = false });
            alone.Add(Story(await Read(calm.Submit(request))));
        }

        using var engine = Create(setup);
        Assert.Equal(alone, (await ReadAll(engine, requests)).Select(Story));
        Assert.Equal(alone, (await ReadAll(engine, requests)).Select(Story));
        await Idle(engine);
    }

    private static GenerationRequest Request(int prompt, int count) => new()
    {
        Prompt = [.. Enumerable.Range(0, prompt).Select(i => i * 7 % 25)],
        MaxTokens = count,
        ThoughtBudget = 6,
        Answering = Endless,
        Thinking = Endless,
    };

    private static TinySetup Setup(ThinkingMethod method)
    {
        var setup = TinySetup.Of(method);
        var layers = setup.Spec.Layers.Select(layer => layer with { Attention = layer.Attention with { Rope = Longer(layer.Attention.Rope!) } });
        return setup with { Spec = setup.Spec with { Layers = [.. layers] } };
    }

    private static RopeSpec Longer(RopeSpec rope) =>
        rope with { Beyond = new LongRopeSpec(OriginalContext, Array.ConvertAll(rope.InverseFrequencies, frequency => frequency / 3)) };

    private static int Best(double[] logprobs) =>
        Enumerable.Range(0, logprobs.Length).Where(id => id is not (TinySetup.End or TinySetup.EndOfText)).MaxBy(id => logprobs[id]);
}
