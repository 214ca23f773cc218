using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Cpu.Weights;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Nets;

/// <summary>Linear, ReLU, Linear.</summary>
internal sealed unsafe class NetMlp(Linear first, Linear second, WeightFormat format, int threads) : IDisposable
{
    private readonly PackedLinear _first = new(format, threads, first);
    private readonly PackedLinear _second = new(format, threads, second);
    private readonly NativeBuffer _middle = new();

    /// <summary>Floats an output row takes, padding included.</summary>
    public int OutputWidth => _second.Weight.Outputs;

    public void Run(KernelSet kernels, Products products, float* x, nint ldx, float* y, nint ldy, int rows)
    {
        nint width = _first.Weight.Outputs;
        var middle = _middle.Ensure(rows * (long)width);
        products.Run(_first.Weight, _first.Bias, x, ldx, middle, width, rows);
        for (var row = 0; row < rows; row++) kernels.Activate(Activation.Relu, middle + (row * width), null, (int)width);
        products.Run(_second.Weight, _second.Bias, middle, width, y, ldy, rows);
    }

    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
        _middle.Dispose();
    }
}
