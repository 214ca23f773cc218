using InferenceServer.Models.Constraints.Tokens;

namespace InferenceServer.Models.Decoding;

/// <summary>
/// How one token is drawn, as data, so that an engine on a device sends back ids and not logits.
/// Order: limits, bias and penalties, what is allowed, then temperature, top-k, top-p, min-p on the tempered distribution.
/// </summary>
public sealed record SampleSpec
{
    public static SampleSpec Greedy { get; } = new();

    /// <summary>0 = greedy: the largest logit, the smallest id among equals.</summary>
    public float Temperature { get; init; }

    /// <summary>Keep the k most likely; 0 = all.</summary>
    public int TopK { get; init; }

    /// <summary>Keep the smallest set of most likely tokens that reaches this mass; 1 = all.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>Keep tokens at least this share as likely as the most likely; 0 = all.</summary>
    public float MinP { get; init; }

    /// <summary>With <see cref="Stream"/> and <see cref="Index"/> names the draw: same triple, same draw, in any batch.</summary>
    public ulong Seed { get; init; }

    /// <summary>Separate streams for thoughts, answers and choices, so that cutting one never moves another.</summary>
    public uint Stream { get; init; }

    /// <summary>Index of the draw within its stream.</summary>
    public uint Index { get; init; }

    /// <summary>Ids at or above are never drawn; 0 = no limit (Quiet-STaR's base vocabulary).</summary>
    public int VocabularyLimit { get; init; }

    /// <summary>What tokens of the text so far cost; null = nothing.</summary>
    public TokenPenalties? Penalties { get; init; }

    /// <summary>Added to the logits of single ids before anything else; −∞ forbids.</summary>
    public IReadOnlyDictionary<int, float>? Bias { get; init; }

    /// <summary>The only tokens that may be drawn; null = all.</summary>
    public TokenMask? Allowed { get; init; }

    /// <summary>The token that stands there already (a prompt's): it is scored and nothing is drawn; null = draw one.</summary>
    public int? Given { get; init; }

    /// <summary>How many of the most likely tokens to report; 0 = none.</summary>
    public int TopLogprobs { get; init; }
}

/// <summary>A token and its natural-log probability under the unscaled distribution of the head: temperature 1, before penalties, finite bias, what a constraint allows, and cuts; what is forbidden has no part in it.</summary>
public readonly record struct TokenLogprob(int Token, float Logprob);

/// <param name="Mix">Quiet-STaR's weight w; 0 without a mixture.</param>
/// <param name="Finite">False when the row or its logits held NaN or infinity: the token is then meaningless.</param>
public readonly record struct HeadResult(int Token, float Logprob, IReadOnlyList<TokenLogprob> Top, float Mix, bool Finite)
{
    /// <summary>Of a token that was given: 1 + how many are more likely. 0 where one was drawn.</summary>
    public int Rank { get; init; }
}
