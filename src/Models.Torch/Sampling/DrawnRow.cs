using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Torch.Sampling;

/// <summary>
/// How a drawn token crosses back from the device, as f64: token, log-probability, finite, mix, then the ids of the most
/// likely tokens and their log-probabilities.
/// </summary>
internal static class DrawnRow
{
    public static int Width(int most) => 4 + (2 * most);

    /// <param name="wanted">How many of the most likely tokens were asked for; a row may carry more, for others.</param>
    public static HeadResult Read(ReadOnlySpan<double> row, int wanted)
    {
        var mix = (float)row[3];
        if (row[2] == 0) return new HeadResult(0, float.NaN, [], mix, false);
        var most = (row.Length - 4) / 2;
        var top = new List<TokenLogprob>();
        for (var i = 0; i < Math.Min(wanted, most); i++)
        {
            // A forbidden token is not among the likely ones, and its −∞ has no JSON.
            if (!double.IsNegativeInfinity(row[4 + most + i])) top.Add(new TokenLogprob((int)row[4 + i], (float)row[4 + most + i]));
        }

        return new HeadResult((int)row[0], (float)row[1], top, mix, true);
    }
}
