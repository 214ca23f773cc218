using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>One or more linear layers over the same input, as one product with one bias.</summary>
internal sealed unsafe class PackedLinear : IDisposable
{
    private readonly NativeBuffer? _bias;

    public PackedLinear(WeightFormat format, int threads, params IReadOnlyList<Linear> parts)
    {
        Weight = PackedMatrix.Pack(format, threads, [.. parts.Select(part => part.Weight)]);
        if (parts.All(part => part.Bias is null)) return;

        _bias = new NativeBuffer((long)Weight.Outputs * sizeof(float));
        var bias = new Span<float>(_bias.Floats, Weight.Outputs);
        bias.Clear();
        for (var i = 0; i < parts.Count; i++) parts[i].Bias?.ToArray().CopyTo(bias[Weight.Offsets[i]..]);
    }

    public PackedMatrix Weight { get; }

    /// <summary>[Weight.Outputs], or null.</summary>
    public float* Bias => _bias is null ? null : _bias.Floats;

    public void Dispose()
    {
        Weight.Dispose();
        _bias?.Dispose();
    }
}
