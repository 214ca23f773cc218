using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>
/// LongRoPE (arXiv 2402.13753) as Phi-3 has it: every frequency is divided by a factor of its own, out of one list for
/// sequences within the original context and another for longer ones; cos and sin are scaled the same in both.
/// </summary>
internal static class LongRope
{
    public const string ShortFactors = "short_factor";
    private const string LongFactors = "long_factor";

    /// <param name="config">Phi-3 keeps the original context here, newer files in the section.</param>
    /// <param name="plain">Frequencies without scaling.</param>
    public static RopeScaling Read(ConfigSection config, ConfigSection scaling, double[] plain, int maxPositions)
    {
        const string Original = RopeScaling.OriginalPositions;
        var original = config.FindInteger(Original, 1, ModelLimits.Positions)
            ?? scaling.FindInteger(Original, 1, ModelLimits.Positions)
            ?? maxPositions;
        var factor = scaling.FindNumber(RopeScaling.Factor, 1e-6, RopeScaling.MaxFactor) ?? (double)maxPositions / original;
        var attention = scaling.FindNumber(RopeScaling.AttentionFactorKey, 1e-6, RopeScaling.MaxFactor) ?? AttentionFactor(factor, original);
        var longer = Divided(scaling, LongFactors, plain);
        var rope = new RopeSpec(
            2 * plain.Length,
            Divided(scaling, ShortFactors, plain),
            (float)attention,
            original < maxPositions ? new LongRopeSpec(original, longer) : null);
        return new RopeScaling(rope, maxPositions);
    }

    private static double AttentionFactor(double factor, int original) =>
        factor <= 1 || original == 1 ? 1 : Math.Sqrt(1 + (Math.Log(factor) / Math.Log(original)));

    private static float[] Divided(ConfigSection scaling, string key, double[] plain)
    {
        var factors = scaling.FindNumbers(key, 1e-6, RopeScaling.MaxFactor, ModelLimits.HeadDim)
            ?? throw scaling.Missing(key, $"an array of {plain.Length} numbers");
        if (factors.Count != plain.Length)
            throw scaling.Invalid(key, $"{plain.Length} numbers, one for each pair of rotated dimensions, not {factors.Count}");
        return [.. plain.Select((frequency, i) => (float)(frequency / factors[i]))];
    }
}
