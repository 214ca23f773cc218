using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Thinking;
using InferenceServer.Models.Thinking;
using static InferenceServer.Models.Tests.Engine.EngineHarness;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>
/// Every program through the whole engine, many requests at once, drawn and greedy, with penalties and cuts: the tokens are
/// those of the reference, run one at a time.
/// </summary>
/// <param name="create">From spec, pages, and positions of a page.</param>
public abstract class EngineConformance(Func<DecoderSpec, int, int, IDecoder> create)
{
    private const int PageTokens = 4;

    // Two implementations may draw differently where a number falls on the border of two tokens.
    private const double Tolerance = 1e-3;

    public static TheoryData<ThinkingMethod> Methods => [.. Enum.GetValues<ThinkingMethod>()];

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Programs_say_what_they_say_on_the_reference(ThinkingMethod method)
    {
        var setup = TinySetup.Of(method);
        var requests = Enumerable.Range(0, 24).Select(Varied).ToList();
        List<GenerationEvent>[] expected;
        using (var calm = Create(setup, options: new EngineOptions { MaxRunning = 1, StepRows = 64, PrefixCache = false }))
            expected = await ReadAll(calm, requests);

        // Twice: the second time prompts come from the cache. Then with so little memory that sequences are sent back.
        using (var engine = On(create(setup.Spec, 1000, PageTokens), setup, new EngineOptions { MaxRunning = 24, StepRows = 64 }))
        {
            for (var round = 0; round < 2; round++) AssertSame(expected, await ReadAll(engine, requests));
            await Idle(engine);
        }

        using (var engine = On(create(setup.Spec, 120, PageTokens), setup, new EngineOptions { MaxRunning = 16, StepRows = 16 }))
        {
            AssertSame(expected, await ReadAll(engine, requests));
            await Idle(engine);
        }
    }

    private static void AssertSame(List<GenerationEvent>[] expected, List<GenerationEvent>[] found)
    {
        foreach (var (before, after) in expected.Zip(found))
        {
            Assert.Equal(Text(before), Text(after));
            var pairs = before.OfType<GenerationEvent.Token>().Zip(after.OfType<GenerationEvent.Token>());
            Assert.All(pairs, pair => Assert.Equal(pair.First.Logprob, pair.Second.Logprob, Tolerance));
            Assert.All(pairs, pair => Assert.Equal(pair.First.Mix, pair.Second.Mix, Tolerance));
        }
    }

    private static string Text(List<GenerationEvent> events)
    {
        var finished = Assert.IsType<GenerationEvent.Finished>(events[^1]);
        return $"{string.Join(' ', events.OfType<GenerationEvent.Token>().Select(token => $"{token.Channel}:{token.TokenId}"))} {finished.Reason} {finished.Usage with { CachedTokens = 0 }}";
    }

    private static GenerationRequest Varied(int i)
    {
        var options = (i % 5) switch
        {
            0 => SamplingOptions.Greedy,
            1 => new SamplingOptions { TopK = 5, FrequencyPenalty = 1.5f, PresencePenalty = -0.5f },
            2 => new SamplingOptions { TopP = 0.8f, RepetitionPenalty = 1.7f },
            3 => new SamplingOptions { Temperature = 0.7f, MinP = 0.1f, Bias = new Dictionary<int, float> { [3] = 2, [4] = float.NegativeInfinity } },
            _ => new SamplingOptions { TopLogprobs = 3 },
        };
        return Request(i) with { MaxTokens = 6 + (i % 8), Answering = options, Thinking = i % 2 == 0 ? options : new SamplingOptions() };
    }
}
