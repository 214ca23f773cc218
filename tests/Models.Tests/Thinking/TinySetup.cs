using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>A tiny random model with one method on it: what a loader would have made of a checkpoint.</summary>
internal sealed record TinySetup(DecoderSpec Spec, ThinkingBlock Thinking, IReadOnlySet<int> EndOfSequence)
{
    public ModelAdapters Adapters { get; init; } = ModelAdapters.None;

    public const int Vocabulary = 29;
    public const int End = 28;
    public const int EndOfText = 27;

    /// <summary>Small enough that a row costs microseconds.</summary>
    public static TinyShape Shape(int seed) => new()
    {
        Seed = seed,
        Layers = 4,
        Hidden = 16,
        Heads = 2,
        KvHeads = 1,
        Feed = 20,
        Vocabulary = Vocabulary,
        Positions = 256,
    };

    public static TinySetup Of(ThinkingMethod method, int seed = 1, bool gpt2 = false) => method switch
    {
        ThinkingMethod.Plain => Plain(seed, gpt2),
        ThinkingMethod.Tas => Tas(seed, 2, gpt2),
        ThinkingMethod.Bitune => Bitune(seed, gpt2),
        ThinkingMethod.IcotSi => IcotSi(seed, gpt2),
        ThinkingMethod.IcotKd => IcotKd(seed),
        ThinkingMethod.QuietStar => QuietStar(seed, gpt2),
        ThinkingMethod.Tpo => Tpo(seed, gpt2),
        _ => throw new ArgumentOutOfRangeException(nameof(method), method, "Unknown method."),
    };

    public static DecoderSpec Base(int seed, bool gpt2) => gpt2 ? TinyModels.Gpt2(Shape(seed)) : TinyModels.Llama(Shape(seed));

    public static TinySetup Plain(int seed = 1, bool gpt2 = false) =>
        new(Base(seed, gpt2), new ThinkingBlock { Method = ThinkingMethod.Plain }, new HashSet<int> { EndOfText });

    public static TinySetup Tas(int seed = 1, int layer = 2, bool gpt2 = false) => new(
        Base(seed, gpt2).WithTas(layer, seed + 100),
        new ThinkingBlock { Method = ThinkingMethod.Tas, ThinkingLayer = layer, ThoughtEndTokenId = End, MaxThoughtTokens = 12 },
        new HashSet<int> { EndOfText });

    public static TinySetup Bitune(int seed = 1, bool gpt2 = false) => new(
        Base(seed, gpt2).WithBitune(seed + 100),
        new ThinkingBlock { Method = ThinkingMethod.Bitune },
        new HashSet<int> { EndOfText })
    {
        Adapters = new ModelAdapters(0, 1, 0, new LayerRange(0, Shape(seed).Layers)),
    };

    public static TinySetup IcotSi(int seed = 1, bool gpt2 = false) => new(
        Base(seed, gpt2),
        new ThinkingBlock { Method = ThinkingMethod.IcotSi, SeparatorTokenId = EndOfText, EosCountToStop = 2 },
        new HashSet<int> { EndOfText });

    public static TinySetup IcotKd(int seed = 1, int mixtures = 3) => new(
        TinyMethods.IcotKd(Shape(seed), mixtures),
        new ThinkingBlock { Method = ThinkingMethod.IcotKd, SeparatorTokenId = EndOfText },
        new HashSet<int> { EndOfText });

    public static TinySetup QuietStar(int seed = 1, bool gpt2 = false) => new(
        Base(seed, gpt2).WithQuietStar(seed + 100),
        new ThinkingBlock { Method = ThinkingMethod.QuietStar, SampledThoughtTokens = 3, BaseVocabularySize = Vocabulary - 1 },
        new HashSet<int> { EndOfText });

    /// <summary>Tokens are letters (<see cref="LetterDetokenizer"/>), so that markers of one or two letters turn up by chance.</summary>
    public static TinySetup Tpo(int seed = 1, bool gpt2 = false) => new(
        Base(seed, gpt2),
        new ThinkingBlock
        {
            Method = ThinkingMethod.Tpo,
            ThoughtMarkers = ["a", "bc"],
            AnswerMarkers = ["d", "e", "fg"],
            ResampleMissingAnswer = true,
            MaxResamples = 2,
        },
        new HashSet<int> { EndOfText });
}
