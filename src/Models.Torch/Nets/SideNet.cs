using InferenceServer.Models.Decoding;
using InferenceServer.Models.Torch.Memory;
using InferenceServer.Models.Torch.Weights;

namespace InferenceServer.Models.Torch.Nets;

/// <summary>A net beside the stack. Calls of one net and index run together when none waits for another's output.</summary>
internal abstract class SideNet(RowStore kept)
{
    public static SideNet Create(SideNetSpec spec, WeightUpload upload, RowStore kept) => spec switch
    {
        EmulatorSpec emulator => new EmulatorNet(emulator, upload, kept),
        PerLayerMlpSpec mlps => new PerLayerMlpNet(mlps, upload, kept),
        _ => throw new NotSupportedException($"Side net {spec.GetType().Name} is unknown to this engine."),
    };

    /// <summary>Runs one call index for several sequences.</summary>
    public abstract void Run(int index, IReadOnlyList<SideNetCall> calls);

    /// <summary>Kept rows [calls, hidden] in f32.</summary>
    protected Tensor Read(IReadOnlyList<SideNetCall> calls, Func<SideNetCall, RowRef> row) => kept.Read([.. calls.Select(call => kept.Slot(row(call)))]);

    /// <summary>Keeps values [calls, hidden] of any type.</summary>
    protected void Write(IReadOnlyList<SideNetCall> calls, Func<SideNetCall, RowRef> row, Tensor values) =>
        kept.Write([.. calls.Select(call => kept.NewSlot(row(call)))], values.to(torch.ScalarType.Float32));
}
