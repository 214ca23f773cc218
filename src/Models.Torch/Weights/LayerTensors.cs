using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Torch.Weights;

/// <summary>One layer on the device: query, key and value are one product, gate and up another.</summary>
internal sealed class LayerTensors(WeightUpload upload, LayerSpec spec)
{
    public LayerSpec Spec { get; } = spec;

    public NormTensors AttentionNorm { get; } = new(upload, spec.AttentionNorm);

    public LinearTensors Qkv { get; } = new(upload, spec.Attention.Query, spec.Attention.Key, spec.Attention.Value);

    public NormTensors? QueryNorm { get; } = spec.Attention.QueryNorm is { } norm ? new NormTensors(upload, norm) : null;

    public NormTensors? KeyNorm { get; } = spec.Attention.KeyNorm is { } norm ? new NormTensors(upload, norm) : null;

    public LinearTensors Output { get; } = new(upload, spec.Attention.Output);

    /// <summary>Null: the residuals are parallel and share <see cref="AttentionNorm"/>.</summary>
    public NormTensors? MlpNorm { get; } = spec.MlpNorm is { } norm ? new NormTensors(upload, norm) : null;

    /// <summary>Gate and up, or up alone.</summary>
    public LinearTensors MlpIn { get; } =
        spec.Mlp.Gate is { } gate ? new LinearTensors(upload, gate, spec.Mlp.Up) : new LinearTensors(upload, spec.Mlp.Up);

    public LinearTensors Down { get; } = new(upload, spec.Mlp.Down);

    /// <summary>Multiplies queries before their product with keys.</summary>
    public Scalar QueryScale { get; } = ((double)spec.Attention.Scale).ToScalar();

    public Scalar ResidualScale { get; } = ((double)spec.ResidualScale).ToScalar();
}
