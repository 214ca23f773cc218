using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Nets;

/// <summary>A net beside the stack. Calls of one net and index run together when none waits for another's output.</summary>
internal abstract class SideNet : IDisposable
{
    public static SideNet Create(SideNetSpec spec, int hidden, WeightFormat format, KernelSet kernels, Products products, int threads)
    {
        return spec switch
        {
            EmulatorSpec emulator => new EmulatorNet(emulator, hidden, format, kernels, products, threads),
            PerLayerMlpSpec mlps => new PerLayerMlpNet(mlps, hidden, format, kernels, products, threads),
            _ => throw new NotSupportedException($"Side net {spec.GetType().Name} is unknown to this engine."),
        };
    }

    /// <summary>Runs one call index for several sequences.</summary>
    public abstract void Run(int index, IReadOnlyList<SideNetCall> calls, KeptRowStore kept);

    public abstract void Dispose();
}
