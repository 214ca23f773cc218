using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using InferenceServer.Models.Cpu.Lanes;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>
/// bf16 weights, [N/32][K/32][2 halves][16 pairs][16][2], inputs padded to blocks of 32: a 32-bit word holds the weights of
/// inputs k and k + 1 for one output, so that widening is a shift or a mask, and the sixteen pairs of sixteen outputs are a
/// tile as they lie, in one piece.
/// </summary>
internal readonly unsafe struct Bf16Panels : IStripPacker
{
    /// <summary>Bytes of a pair of inputs for sixteen outputs.</summary>
    public const int PairBytes = 64;

    /// <summary>Bytes of a block's sixteen pairs for sixteen outputs.</summary>
    public const int HalfBytes = WeightBlocks.Inputs / 2 * PairBytes;

    public static WeightFormat Format => WeightFormat.BF16;

    public static long StripBytes(int inputs) => checked((long)WeightBlocks.Count(inputs) * BlockBytes);

    public static int BlockBytes => 2 * HalfBytes;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(float* tile, int inputs, byte* block)
    {
        for (var pair = 0; pair < WeightBlocks.Inputs / 2; pair++)
        {
            for (var half = 0; half < 2; half++)
            {
                var weights = tile + (2 * pair * IStripPacker.StripOutputs) + (half * TileReader.Lanes);
                var even = Round(Vector512.Load(weights)).AsUInt32() >>> 16;
                var odd = Round(Vector512.Load(weights + IStripPacker.StripOutputs)).AsUInt32();
                (even | odd).Store((uint*)(block + (pair * PairBytes) + (half * HalfBytes)));
            }
        }
    }

    /// <summary>The nearest bf16, ties to even; NaN stays NaN.</summary>
    public static ushort Round(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <inheritdoc cref="Round(float)"/>
    /// <returns>Floats whose lower halves are zero.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Round(Vector512<float> values)
    {
        var bits = values.AsUInt32();
        var rounded = bits + Vector512.Create(0x7FFFu) + ((bits >>> 16) & Vector512<uint>.One);
        var number = Vector512.Equals(values, values).AsUInt32();
        return (Vector512.ConditionalSelect(number, rounded, bits | Vector512.Create(0x400000u)) & Vector512.Create(0xFFFF0000u)).AsSingle();
    }

    /// <summary>Weights of the pair's even input for outputs 0..15 (half 0) or 16..31 (half 1); the pair is that of half 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Even<TLanes>(byte* pair, int half)
        where TLanes : unmanaged, ILanes<TLanes> => TLanes.LoadLowHalves(pair + (half * HalfBytes));

    /// <summary>Weights of the pair's odd input.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Odd<TLanes>(byte* pair, int half)
        where TLanes : unmanaged, ILanes<TLanes> => TLanes.LoadHighHalves(pair + (half * HalfBytes));
}
