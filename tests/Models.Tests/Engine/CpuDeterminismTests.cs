using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tests.Cpu;
using InferenceServer.Models.Tests.Thinking;
using InferenceServer.Models.Thinking;
using static InferenceServer.Models.Tests.Engine.EngineHarness;

namespace InferenceServer.Models.Tests.Engine;

/// <summary>
/// The whole engine on the CPU decoder, for every weight format and every kernel path of this machine: a request says the
/// same, to the bits of its log-probabilities, whatever runs beside it and whatever happens to it.
/// </summary>
public class CpuDeterminismTests
{
    private const int PageTokens = 4;

    // Their KV depends on more than the tokens before it, so no prompt of theirs is cached.
    private static readonly ThinkingMethod[] Uncached = [ThinkingMethod.Bitune, ThinkingMethod.IcotKd];

    public static TheoryData<ThinkingMethod, KernelPath, WeightFormat> Cases
    {
        get
        {
            var data = new TheoryData<ThinkingMethod, KernelPath, WeightFormat>();
            foreach (var method in Enum.GetValues<ThinkingMethod>())
            {
                foreach (var path in CpuPaths.Supported)
                {
                    foreach (var format in Enum.GetValues<WeightFormat>()) data.Add(method, path, format);
                }
            }

            return data;
        }
    }

    public static MatrixTheoryData<ThinkingMethod, KvFormat> KvCases => new(Enum.GetValues<ThinkingMethod>(), [KvFormat.BF16, KvFormat.Q8]);

    [Theory]
    [MemberData(nameof(Cases))]
    public Task Company_chunks_a_warm_cache_and_short_memory_change_no_bit(ThinkingMethod method, KernelPath path, WeightFormat format) =>
        Check(method, new CpuOptions { Force = path, Weights = format });

    [Theory]
    [MemberData(nameof(KvCases))]
    public Task Nor_do_they_with_narrow_KV(ThinkingMethod method, KvFormat kv) => Check(method, new CpuOptions { Weights = WeightFormat.BF16, Kv = kv });

    private static async Task Check(ThinkingMethod method, CpuOptions options)
    {
        var setup = TinySetup.Of(method);
        var requests = Enumerable.Range(0, 32).Select(i => Shorter(i) with { PromptLogprobs = i % 4 == 1 && method != ThinkingMethod.Bitune ? 3 : null }).ToList();
        CpuDecoder Decoder(int pages, int threads) =>
            new(setup.Spec, pages, options with { Threads = threads }, pageTokens: PageTokens);

        // One at a time, nothing cached, whole prompts, one thread.
        var alone = new List<string>();
        using (var engine = On(Decoder(100, 1), setup, new EngineOptions { MaxRunning = 1, StepRows = 512, PrefixCache = false }))
        {
            foreach (var request in requests) alone.Add(Story(await Read(engine.Submit(request))));
        }

        // Each among 31 others; then again, with every prompt in the cache.
        using (var engine = On(Decoder(1000, 2), setup, new EngineOptions { MaxRunning = 32, StepRows = 512 }))
        {
            Assert.Equal(alone, (await ReadAll(engine, requests)).Select(Story));
            var hits = engine.Load.PrefixHits;
            Assert.Equal(alone, (await ReadAll(engine, requests)).Select(Story));
            await Idle(engine);
            if (!Uncached.Contains(method)) Assert.True(engine.Load.PrefixHits > hits, "The second round found nothing in the cache.");
        }

        // Prompts in the smallest pieces, and an arena that sends sequences back.
        using (var engine = On(Decoder(ShortOf(setup, requests), 2), setup, new EngineOptions { MaxRunning = 8, StepRows = 8 }))
        {
            Assert.Equal(alone, (await ReadAll(engine, requests)).Select(Story));
            await Idle(engine);
            Assert.True(engine.Load.Preemptions > 0, "Nobody had to give memory back.");
        }
    }

    // Room for the largest request alone, and little more.
    private static int ShortOf(TinySetup setup, IEnumerable<GenerationRequest> requests)
    {
        var geometry = KvGeometry.For(setup.Spec, PageTokens);
        var tables = setup.Thinking.Method == ThinkingMethod.Bitune ? 2 : 1;
        var positions = requests.Max(request => request.Prompt.Count + request.MaxTokens) + 5;
        return (tables * geometry.LayerGroups * geometry.PagesFor(positions)) + Kept(setup.Thinking.Method);
    }

    // Pages' worth of hidden states that a request of this size may keep.
    private static int Kept(ThinkingMethod method) => method switch
    {
        ThinkingMethod.Bitune => 8,
        ThinkingMethod.Tas => 10,
        ThinkingMethod.IcotKd => 14,
        _ => 4,
    };

    private static SamplingOptions Penalized(SamplingOptions options, int i) => (i % 4) switch
    {
        1 => options with { FrequencyPenalty = 1.5f, PresencePenalty = -0.5f },
        2 => options with { RepetitionPenalty = 1.7f },
        _ => options,
    };

    private static GenerationRequest Shorter(int i)
    {
        var request = Request(i);
        return request with { MaxTokens = 6 + (i % 8), Answering = Penalized(new SamplingOptions { TopK = i % 3 == 0 ? 5 : 0 }, i), Thinking = Penalized(new SamplingOptions(), i / 2) };
    }
}
