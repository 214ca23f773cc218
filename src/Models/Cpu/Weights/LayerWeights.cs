using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>One layer's weights: query, key and value share one product, gate and up another.</summary>
internal sealed class LayerWeights : IDisposable
{
    public LayerWeights(LayerSpec spec, WeightFormat format, int threads)
    {
        var (attention, mlp) = (spec.Attention, spec.Mlp);
        Spec = spec;
        AttentionNorm = new NormWeights(spec.AttentionNorm);
        Qkv = new PackedLinear(format, threads, attention.Query, attention.Key, attention.Value);
        QueryNorm = attention.QueryNorm is null ? null : new NormWeights(attention.QueryNorm);
        KeyNorm = attention.KeyNorm is null ? null : new NormWeights(attention.KeyNorm);
        Output = new PackedLinear(format, threads, attention.Output);
        MlpNorm = spec.MlpNorm is null ? null : new NormWeights(spec.MlpNorm);
        MlpIn = mlp.Gate is null
            ? new PackedLinear(format, threads, mlp.Up)
            : new PackedLinear(format, threads, mlp.Gate, mlp.Up);
        Down = new PackedLinear(format, threads, mlp.Down);
    }

    public LayerSpec Spec { get; }

    public NormWeights AttentionNorm { get; }

    /// <summary>Parts: query, key, value.</summary>
    public PackedLinear Qkv { get; }

    public NormWeights? QueryNorm { get; }

    public NormWeights? KeyNorm { get; }

    public PackedLinear Output { get; }

    public NormWeights? MlpNorm { get; }

    /// <summary>Parts: gate, up; or up alone.</summary>
    public PackedLinear MlpIn { get; }

    public PackedLinear Down { get; }

    public long Bytes => Qkv.Weight.Bytes + Output.Weight.Bytes + MlpIn.Weight.Bytes + Down.Weight.Bytes;

    /// <summary>Bytes of the checkpoint a layer is packed from.</summary>
    public static long StoredBytes(LayerSpec spec) => Matrices(spec).Sum(matrix => matrix.StoredBytes);

    /// <summary>Says that a layer will be packed soon.</summary>
    public static void Expect(LayerSpec spec)
    {
        foreach (var matrix in Matrices(spec)) matrix.Expect();
    }

    public void Dispose()
    {
        AttentionNorm.Dispose();
        Qkv.Dispose();
        QueryNorm?.Dispose();
        KeyNorm?.Dispose();
        Output.Dispose();
        MlpNorm?.Dispose();
        MlpIn.Dispose();
        Down.Dispose();
    }

    private static IEnumerable<Matrix> Matrices(LayerSpec spec)
    {
        var (attention, mlp) = (spec.Attention, spec.Mlp);
        return ((Linear?[])[attention.Query, attention.Key, attention.Value, attention.Output, mlp.Gate, mlp.Up, mlp.Down])
            .OfType<Linear>().Select(linear => linear.Weight);
    }
}
