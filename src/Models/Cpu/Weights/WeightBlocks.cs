using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>
/// What the quantised formats share. A block is <see cref="Inputs"/> inputs of all outputs of a strip: the quants, inputs in
/// groups of four ([group][32 outputs][4]), as unsigned numbers around a zero point; then a bf16 scale an output, output
/// n in the low and n + 16 in the high half of word n. w ≈ scale · (quant − zero point).
/// </summary>
internal static unsafe class WeightBlocks
{
    /// <summary>Inputs that share a scale.</summary>
    public const int Inputs = 32;

    /// <summary>Bytes of the scales of one block.</summary>
    public const int ScaleBytes = IStripPacker.StripOutputs * sizeof(ushort);

    public static int Count(int inputs) => (inputs + Inputs - 1) / Inputs;

    /// <summary>Copies a block's weights of one output; missing inputs are zero.</summary>
    public static void Gather(float* row, int inputs, int block, float* weights)
    {
        var count = Math.Min(Inputs, inputs - (block * Inputs));
        new ReadOnlySpan<float>(row + (block * Inputs), count).CopyTo(new Span<float>(weights, count));
        new Span<float>(weights + count, Inputs - count).Clear();
    }

    /// <summary>Stores the scales of outputs 0..15 and 16..31, floats whose lower halves are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreScales(byte* scales, Vector512<float> first, Vector512<float> second) =>
        ((first.AsUInt32() >>> 16) | second.AsUInt32()).Store((uint*)scales);

    /// <summary>1 / scale; 0 where the scale is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Inverse(Vector512<float> scales) =>
        Vector512.AndNot(Vector512<float>.One / scales, Vector512.Equals(scales, Vector512<float>.Zero));

    /// <summary>The nearest integers within the bounds, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Quants(Vector512<float> values, float lowest, float highest)
    {
        var within = Vector512.MinNative(Vector512.Create(highest), Vector512.MaxNative(Vector512.Create(lowest), values));
        return Vector512.ConvertToInt32(Vector512.Round(within));
    }

    public static float Widen(ushort bf16) => BitConverter.UInt32BitsToSingle((uint)bf16 << 16);
}
