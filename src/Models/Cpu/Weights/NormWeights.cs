using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>A norm with its f32 weights, ready to be applied to single rows.</summary>
internal sealed unsafe class NormWeights : IDisposable
{
    private readonly NormKind _kind;
    private readonly float _epsilon;
    private readonly int _length;
    private readonly NativeBuffer _weight;
    private readonly NativeBuffer? _bias;

    public NormWeights(NormSpec spec)
    {
        (_kind, _epsilon, _length) = (spec.Kind, spec.Epsilon, spec.Weight.Length);
        var weight = spec.Weight.ToArray();
        if (spec.AddOne)
        {
            for (var i = 0; i < weight.Length; i++) weight[i] += 1;
        }

        _weight = Copy(weight);
        if (spec.Kind == NormKind.Layer && spec.Bias is not null) _bias = Copy(spec.Bias.ToArray());
    }

    /// <summary>y = norm(x), both as long as the weights; y may be x.</summary>
    public void Apply(KernelSet kernels, float* x, float* y)
    {
        if (_kind == NormKind.Rms) kernels.RmsNorm(x, _weight.Floats, y, _length, _epsilon);
        else kernels.LayerNorm(x, _weight.Floats, _bias is null ? null : _bias.Floats, y, _length, _epsilon);
    }

    public void Dispose()
    {
        _weight.Dispose();
        _bias?.Dispose();
    }

    private static NativeBuffer Copy(float[] values)
    {
        var buffer = new NativeBuffer((long)values.Length * sizeof(float));
        values.CopyTo(new Span<float>(buffer.Floats, values.Length));
        return buffer;
    }
}
