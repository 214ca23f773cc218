using System.Runtime.CompilerServices;
using InferenceServer.Models.Cpu.Lanes;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>
/// bf16 weights, [N/32][K/2][32][2], inputs padded to blocks of 32: a 32-bit word holds the weights of inputs k and k + 1
/// for one output, so that widening is a shift or a mask, and sixteen pairs of sixteen outputs are a tile as they lie.
/// </summary>
internal readonly unsafe struct Bf16Panels : IStripPacker
{
    /// <summary>Bytes of a pair of inputs for sixteen outputs.</summary>
    public const int HalfBytes = 64;

    /// <summary>Bytes of a pair of inputs for all outputs of a strip.</summary>
    public const int PairBytes = 2 * HalfBytes;

    /// <summary>Bytes of 32 inputs.</summary>
    public const int BlockBytes = WeightBlocks.Inputs / 2 * PairBytes;

    public static WeightFormat Format => WeightFormat.BF16;

    public static long StripBytes(int inputs) => checked((long)WeightBlocks.Count(inputs) * BlockBytes);

    public static void Pack(float* rows, int inputs, byte* strip)
    {
        var packed = (ushort*)strip;
        for (var k = 0; k < WeightBlocks.Count(inputs) * WeightBlocks.Inputs; k++)
        {
            var column = packed + ((k >> 1) * 2 * IStripPacker.StripOutputs) + (k & 1);
            for (var n = 0; n < IStripPacker.StripOutputs; n++) column[2 * n] = k < inputs ? Round(rows[((nint)n * inputs) + k]) : (ushort)0;
        }
    }

    /// <summary>The nearest bf16, ties to even; NaN stays NaN.</summary>
    public static ushort Round(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>Weights of the pair's even input for outputs 0..15 (half 0) or 16..31 (half 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Even<TLanes>(byte* pair, int half)
        where TLanes : unmanaged, ILanes<TLanes> => TLanes.LoadLowHalves(pair + (half * HalfBytes));

    /// <summary>Weights of the pair's odd input.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Odd<TLanes>(byte* pair, int half)
        where TLanes : unmanaged, ILanes<TLanes> => TLanes.LoadHighHalves(pair + (half * HalfBytes));
}
