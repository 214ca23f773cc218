using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>
/// How a Bitune checkpoint mixes its two passes (arXiv 2405.14862): per layer, and for keys and values apart, one learned θ
/// gives α = |θ| / (s + |θ|). Only the copies of the root adapter are trained; those under <c>prefill/</c> are not read.
/// </summary>
internal static class BituneBlends
{
    private const string KeyScale = "base_model.model.pass_scale_k.weight";
    private const string ValueScale = "base_model.model.pass_scale_v.weight";

    // Variants by the published code's numbers: 607 of the paper's results, 800 and 801 its simplified forms.
    private const int Paper = 607;
    private const int Absolute = 800;
    private const int Rectified = 801;
    private const double InitialScale = 0.01;

    /// <returns>The blend, and the layers whose second pass is unmasked.</returns>
    /// <exception cref="CheckpointException">A θ is missing, or the configuration names a variant that is not implemented.</exception>
    public static (BlendSpec Blend, LayerRange Unmasked) Read(AdapterCheckpoint adapter, int layers)
    {
        const string PassType = "pass_type";
        const string Scale = "s_init";
        const string Skip = "skip_bidir";
        var config = adapter.Config;
        var passType = config?.FindInteger(PassType, int.MinValue, int.MaxValue) ?? Paper;
        if (passType is not (Paper or Absolute or Rectified))
            throw config!.Invalid(PassType, $"{Paper}, {Absolute} or {Rectified}", CheckpointErrorKind.MethodUnsupported);
        foreach (var key in (string[])["ablation", "think_tokens"])
        {
            if (config?.FindInteger(key, int.MinValue, int.MaxValue) is not (null or 0))
                throw config!.Invalid(key, "0: this variant of the published code is not implemented", CheckpointErrorKind.MethodUnsupported);
        }

        var scale = (float)(config?.FindNumber(Scale, 0, 1e6) ?? InitialScale);
        var skip = config?.FindInteger(Skip, -ModelLimits.Layers, ModelLimits.Layers) ?? 0;
        var unmasked = skip >= 0 ? new LayerRange(Math.Min(skip, layers), layers) : new LayerRange(0, Math.Min(-skip, layers));
        return (new BlendSpec(Alphas(adapter, KeyScale, layers, passType, scale), Alphas(adapter, ValueScale, layers, passType, scale)), unmasked);
    }

    private static float[] Alphas(AdapterCheckpoint adapter, string name, int layers, int passType, float scale)
    {
        var thetas = VectorWeight.Of(adapter.Tensors.Get(name, layers)).ToArray();
        for (var layer = 0; layer < layers; layer++)
        {
            var theta = passType == Rectified ? Math.Max(0, thetas[layer]) : Math.Abs(thetas[layer]);
            if (!float.IsFinite(theta) || scale + theta <= 0)
            {
                throw new CheckpointException(
                    CheckpointErrorKind.ThinkingInvalid,
                    adapter.Tensors.FileOf(name),
                    $"The blend of layer {layer} is undefined.",
                    $"tensor '{name}'",
                    "numbers that are not all zero together with s_init",
                    $"{thetas[layer]} with s_init {scale}");
            }

            thetas[layer] = theta / (scale + theta);
        }

        return thetas;
    }
}
