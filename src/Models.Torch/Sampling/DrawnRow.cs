using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Torch.Sampling;

/// <summary>
/// How a drawn token crosses back from the device, as f64: token, log-probability, finite, mix, how many tokens are more
/// likely (of one that was given), then the ids of the most likely tokens and their log-probabilities.
/// </summary>
internal static class DrawnRow
{
    private const int Head = 5;

    public static int Width(int most) => Head + (2 * most);

    /// <param name="spec">As it was asked for; a row may carry more of the most likely tokens, for others.</param>
    /// <param name="vocabulary">Tokens that have a logit: one that was given may lie beyond.</param>
    public static HeadResult Read(ReadOnlySpan<double> row, SampleSpec spec, int vocabulary)
    {
        var mix = (float)row[3];
        if (row[2] == 0) return new HeadResult(0, float.NaN, [], mix, false);
        var most = (row.Length - Head) / 2;
        var top = new List<TokenLogprob>();
        for (var i = 0; i < Math.Min(spec.TopLogprobs, most); i++)
        {
            // A forbidden token is not among the likely ones, and its −∞ has no JSON.
            if (!double.IsNegativeInfinity(row[Head + most + i])) top.Add(new TokenLogprob((int)row[Head + i], (float)row[Head + most + i]));
        }

        if (spec.Given is not { } given) return new HeadResult((int)row[0], (float)row[1], top, mix, true);
        return new HeadResult(given, given < vocabulary ? (float)row[1] : float.NegativeInfinity, top, mix, true)
        {
            Rank = 1 + (given < vocabulary ? (int)row[4] : vocabulary),
        };
    }
}
