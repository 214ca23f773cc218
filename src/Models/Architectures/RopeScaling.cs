using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>
/// Rotary frequencies with the scalings Hugging Face configurations name: default, linear, dynamic, llama3, yarn and
/// longrope. Read from <c>rope_scaling</c> (key <c>rope_type</c>, formerly <c>type</c>) or from the newer
/// <c>rope_parameters</c>, which holds <c>rope_theta</c> and <c>partial_rotary_factor</c> too.
/// </summary>
/// <param name="MaxPositions">Positions the scaled model may use.</param>
internal sealed record RopeScaling(RopeSpec Rope, int MaxPositions)
{
    public const double MaxFactor = 1e6;
    public const string Factor = "factor";
    public const string AttentionFactorKey = "attention_factor";
    public const string OriginalPositions = "original_max_position_embeddings";
    private const string Types = "default, linear, dynamic, llama3, yarn or longrope";
    private const string Theta = "rope_theta";
    private const string Share = "partial_rotary_factor";

    /// <param name="maxPositions"><c>max_position_embeddings</c>.</param>
    /// <param name="defaultShare">Share of a head that is rotated where nothing is said; null = all, and no other is allowed.</param>
    public static RopeScaling Read(ConfigSection config, int headDim, int maxPositions, double? defaultShare = null)
    {
        var parameters = config.FindSection("rope_parameters");
        var scaling = parameters ?? config.FindSection("rope_scaling");
        var theta = parameters?.FindNumber(Theta, 1, 1e12) ?? config.FindNumber(Theta, 1, 1e12) ?? 10_000;
        var dimensions = Rotated(config, scaling, headDim, defaultShare);
        var plain = new double[dimensions / 2];
        for (var i = 0; i < plain.Length; i++) plain[i] = Math.Pow(theta, -2.0 * i / dimensions);
        if (scaling is null) return Of(plain, maxPositions);

        var key = scaling.Has("rope_type") || !scaling.Has("type") ? "rope_type" : "type";
        return scaling.FindText(key) switch
        {
            // rope_parameters may hold nothing but theta; rope_scaling without a type says nothing at all.
            null when parameters is not null && scaling.Keys.All(name => name is Theta or Share) => Of(plain, maxPositions),
            null => throw scaling.Missing("rope_type", Types, CheckpointErrorKind.ArchitectureUnsupported),
            "default" => Of(plain, maxPositions),
            "linear" => Linear(scaling, plain, maxPositions),

            // Dynamic NTK changes nothing up to the original length, and this server keeps to the original length.
            "dynamic" => Of(plain, scaling.FindInteger(OriginalPositions, 1, ModelLimits.Positions) ?? maxPositions),
            "llama3" => Of(Llama3(scaling, plain), maxPositions),

            // Phi-3 first called LongRoPE "su", and "yarn" where it came with two lists of factors.
            "longrope" or "su" => LongRope.Read(config, scaling, plain, maxPositions),
            "yarn" when scaling.Has(LongRope.ShortFactors) => LongRope.Read(config, scaling, plain, maxPositions),
            "yarn" => Yarn(scaling, plain, maxPositions, theta),
            _ => throw scaling.Invalid(key, Types, CheckpointErrorKind.ArchitectureUnsupported),
        };
    }

    private static RopeScaling Of(double[] frequencies, int maxPositions, double attentionFactor = 1) => new(
        new RopeSpec(2 * frequencies.Length, Array.ConvertAll(frequencies, frequency => (float)frequency), (float)attentionFactor),
        maxPositions);

    private static RopeScaling Linear(ConfigSection scaling, double[] plain, int maxPositions)
    {
        var factor = scaling.RequireNumber(Factor, 1, MaxFactor);
        return Of(Array.ConvertAll(plain, frequency => frequency / factor), Stretch(maxPositions, factor));
    }

    // Llama 3.1: long wavelengths are divided by the factor, short ones kept, and those between are interpolated.
    private static double[] Llama3(ConfigSection scaling, double[] plain)
    {
        var factor = scaling.RequireNumber(Factor, 1, MaxFactor);
        var low = scaling.RequireNumber("low_freq_factor", 1e-6, MaxFactor);
        var high = scaling.RequireNumber("high_freq_factor", 1e-6, MaxFactor);
        var original = scaling.RequireInteger(OriginalPositions, 1, ModelLimits.Positions);
        if (high <= low) throw scaling.Invalid("high_freq_factor", $"a number above low_freq_factor ({low})");
        return Array.ConvertAll(plain, frequency =>
        {
            var wavelength = 2 * Math.PI / frequency;
            if (wavelength < original / high) return frequency;
            if (wavelength > original / low) return frequency / factor;
            var smooth = ((original / wavelength) - low) / (high - low);
            return ((1 - smooth) * frequency / factor) + (smooth * frequency);
        });
    }

    // YaRN (arXiv 2309.00071): a ramp over the dimensions between interpolation and the plain frequencies.
    private static RopeScaling Yarn(ConfigSection scaling, double[] plain, int maxPositions, double theta)
    {
        var dimensions = 2 * plain.Length;
        var original = scaling.FindInteger(OriginalPositions, 1, ModelLimits.Positions) ?? maxPositions;
        var factor = scaling.FindNumber(Factor, 1, MaxFactor) ?? Math.Max(1, (double)maxPositions / original);
        var fast = scaling.FindNumber("beta_fast", 1e-6, MaxFactor) ?? 32;
        var slow = scaling.FindNumber("beta_slow", 1e-6, MaxFactor) ?? 1;
        var (low, high) = (CorrectionDimension(fast), CorrectionDimension(slow));
        if (scaling.FindFlag("truncate") ?? true) (low, high) = (Math.Floor(low), Math.Ceiling(high));
        (low, high) = (Math.Max(low, 0), Math.Min(high, dimensions - 1));
        if (low == high) high += 0.001;

        var frequencies = new double[plain.Length];
        for (var i = 0; i < frequencies.Length; i++)
        {
            var interpolated = Math.Clamp((i - low) / (high - low), 0, 1);
            frequencies[i] = (plain[i] / factor * interpolated) + (plain[i] * (1 - interpolated));
        }

        return Of(frequencies, Math.Max(maxPositions, Stretch(original, factor)), AttentionFactor(scaling, factor));

        double CorrectionDimension(double rotations) =>
            dimensions * Math.Log(original / (rotations * 2 * Math.PI)) / (2 * Math.Log(theta));
    }

    private static double AttentionFactor(ConfigSection scaling, double factor)
    {
        if (scaling.FindNumber(AttentionFactorKey, 1e-6, MaxFactor) is { } given) return given;
        var scale = scaling.FindNumber("mscale", 0, MaxFactor) ?? 0;
        var scaleAll = scaling.FindNumber("mscale_all_dim", 0, MaxFactor) ?? 0;
        return scale != 0 && scaleAll != 0 ? Magnitude(scale) / Magnitude(scaleAll) : Magnitude(1);

        double Magnitude(double m) => factor <= 1 ? 1 : (0.1 * m * Math.Log(factor)) + 1;
    }

    private static int Stretch(int positions, double factor) => (int)Math.Min(ModelLimits.Positions, positions * factor);

    /// <summary>Dimensions of a head that are rotated: its first <c>partial_rotary_factor</c>.</summary>
    private static int Rotated(ConfigSection config, ConfigSection? scaling, int headDim, double? defaultShare)
    {
        var section = scaling?.Has(Share) ?? false ? scaling : config;
        var share = section.FindNumber(Share, 0, 1) ?? defaultShare ?? 1;
        if (defaultShare is null && share != 1) throw section.Invalid(Share, "1", CheckpointErrorKind.ArchitectureUnsupported);
        var dimensions = (int)(headDim * share);
        if (dimensions >= 2 && dimensions % 2 == 0) return dimensions;
        throw share == 1
            ? config.Invalid("head_dim", $"an even number, as RoPE turns pairs, not {headDim}")
            : section.Invalid(Share, $"a share of head_dim ({headDim}) that is an even number of dimensions, not {dimensions}");
    }
}
