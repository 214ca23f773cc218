using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tokenization;

namespace InferenceServer.Models.Architectures;

/// <summary>
/// Adds what Quiet-STaR (arXiv 2403.09629) adds to its base: two learned vectors and the mixing head, under the names of the
/// published checkpoint. Row 0 of the vectors is used, times a scale; row 1 is left over from an unused variant, and so are
/// the rows that the thought tokens have in the embedding.
/// </summary>
internal static class QuietStarParts
{
    private const string Start = "start_embedding";
    private const string End = "end_embedding";
    private const string Talk = "talk_head.0";

    // The text whose embedding training begins with, and which the published evaluation puts back in place of what was learned.
    private const string Dashes = "---";

    // Of the variants the published code can be configured to, the released one.
    private static readonly (string Key, bool Released)[] Variant =
    [
        ("merged_talk_heads", true), ("merged_lm_and_talk_heads", false), ("merged_lm_and_think_heads", true), ("use_concat_talk_head", true),
        ("use_shallow_talk", false), ("use_shallow_think", true), ("use_complex_talk_head", true), ("use_complex_think_head", false),
        ("use_weighted_talk_head", true),
    ];

    /// <exception cref="CheckpointException">A tensor is missing or does not fit, or the configuration names another variant.</exception>
    public static DecoderSpec Add(DecoderSpec spec, Checkpoint checkpoint, ThinkingBlock block)
    {
        foreach (var (key, released) in Variant)
        {
            if (checkpoint.Config.FindFlag(key) is { } flag && flag != released)
            {
                throw checkpoint.Config.Invalid(
                    key, $"{(released ? "true" : "false")}, as in the released checkpoint: the other variant is not implemented", CheckpointErrorKind.MethodUnsupported);
            }
        }

        var hidden = spec.HiddenSize;
        var weights = new WeightReader(checkpoint.Tensors, string.Empty);
        return spec with
        {
            Vectors = block.ReinitFromDashes
                ? [DashesOf(spec, checkpoint), DashesOf(spec, checkpoint)]
                : [Vector(weights, Start, hidden, block.EmbeddingScale), Vector(weights, End, hidden, block.EmbeddingScale)],
            Mixers =
            [
                new MixerSpec(
                [
                    weights.Linear($"{Talk}.0", hidden, 2 * hidden, bias: true),
                    weights.Linear($"{Talk}.2", hidden, hidden, bias: true),
                    weights.Linear($"{Talk}.4", 1, hidden, bias: false),
                ]),
            ],
        };
    }

    /// <summary>
    /// Ids from here on are never to be drawn: the thought tokens, which no training ever made likely or unlikely. Where the
    /// tokenizer does not name them, what it has no text for.
    /// </summary>
    public static int VocabularyLimit(Tokenizer tokenizer, int vocabularySize)
    {
        int[] thoughtTokens =
        [
            .. ((string[])["<|startthought|>", "<|endthought|>", "<|startofthought|>", "<|endofthought|>"]).Select(tokenizer.TokenToId).OfType<int>(),
        ];
        return thoughtTokens.Length > 0 ? thoughtTokens.Min() : Math.Min(tokenizer.VocabularySize, vocabularySize);
    }

    private static float[] Vector(WeightReader weights, string name, int hidden, float scale) =>
        Array.ConvertAll(weights.Matrix(name, 2, hidden).ToArray()[..hidden], value => value * scale);

    private static float[] DashesOf(DecoderSpec spec, Checkpoint checkpoint)
    {
        var ids = Tokenizer.Load(checkpoint.Directory).EncodeToIds(Dashes, addSpecialTokens: false);
        var row = new float[spec.HiddenSize];
        spec.Embeddings[0].Tokens.Read(ids[0], 1, row);
        return row;
    }
}
