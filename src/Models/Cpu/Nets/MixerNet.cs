using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Cpu.Weights;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Nets;

/// <summary>Quiet-STaR's mixing head (arXiv 2403.09629) on two normed rows.</summary>
internal sealed unsafe class MixerNet : IDisposable
{
    private readonly PackedLinear[] _layers;
    private readonly KernelSet _kernels;
    private readonly Products _products;
    private readonly NativeBuffer _in;
    private readonly NativeBuffer _out;

    public MixerNet(MixerSpec spec, WeightFormat format, KernelSet kernels, Products products, int threads)
    {
        _layers = [.. spec.Layers.Select(layer => new PackedLinear(format, threads, layer))];
        (_kernels, _products) = (kernels, products);
        var width = _layers.Max(layer => Math.Max(layer.Weight.Outputs, layer.Weight.Inputs));
        (_in, _out) = (new NativeBuffer((long)width * sizeof(float)), new NativeBuffer((long)width * sizeof(float)));
    }

    /// <summary>thought = (1 − w)·base + w·thought, both [hidden]; returns w = MLP([base; thought]).</summary>
    public float Mix(float* start, float* thought, int hidden)
    {
        var (x, y) = (_in, _out);
        new ReadOnlySpan<float>(start, hidden).CopyTo(new Span<float>(x.Floats, hidden));
        new ReadOnlySpan<float>(thought, hidden).CopyTo(new Span<float>(x.Floats + hidden, hidden));
        for (var i = 0; i < _layers.Length; i++)
        {
            var layer = _layers[i];
            _products.Run(layer.Weight, layer.Bias, x.Floats, layer.Weight.Inputs, y.Floats, layer.Weight.Outputs, 1);
            if (i + 1 < _layers.Length) _kernels.Activate(Activation.Relu, y.Floats, null, layer.Weight.Outputs);
            (x, y) = (y, x);
        }

        var weight = x.Floats[0];
        for (var d = 0; d < hidden; d++) thought[d] = ((1 - weight) * start[d]) + (weight * thought[d]);
        return weight;
    }

    public void Dispose()
    {
        foreach (var layer in _layers) layer.Dispose();
        _in.Dispose();
        _out.Dispose();
    }
}
