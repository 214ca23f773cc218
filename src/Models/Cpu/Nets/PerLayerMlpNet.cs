using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Nets;

/// <summary>ICoT-KD's student nets: g_i = Linear(ReLU(Linear f_i)) (arXiv 2311.01460).</summary>
internal sealed unsafe class PerLayerMlpNet(
    PerLayerMlpSpec spec, int hidden, WeightFormat format, KernelSet kernels, Products products, int threads) : SideNet
{
    private readonly NetMlp[] _mlps = [.. spec.Mlps.Select(mlp => new NetMlp(mlp.In, mlp.Out, format, threads))];
    private readonly NativeBuffer _x = new();
    private readonly NativeBuffer _y = new();

    public override void Run(int index, IReadOnlyList<SideNetCall> calls, KeptRowStore kept)
    {
        var mlp = _mlps[index];
        nint stride = LayerRunner.RowStride(Math.Max(hidden, mlp.OutputWidth));
        var (x, y) = (_x, _y);
        x.Ensure(calls.Count * (long)stride);
        y.Ensure(calls.Count * (long)stride);
        for (var i = 0; i < calls.Count; i++)
            new ReadOnlySpan<float>(kept.Read(calls[i].In), hidden).CopyTo(new Span<float>(x.Floats + (i * stride), hidden));
        mlp.Run(kernels, products, x.Floats, stride, y.Floats, stride, calls.Count);
        for (var i = 0; i < calls.Count; i++)
            new ReadOnlySpan<float>(y.Floats + (i * stride), hidden).CopyTo(new Span<float>(kept.Write(calls[i].Out), hidden));
    }

    public override void Dispose()
    {
        foreach (var mlp in _mlps) mlp.Dispose();
        _x.Dispose();
        _y.Dispose();
    }
}
