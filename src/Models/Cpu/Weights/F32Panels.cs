using System.Runtime.CompilerServices;
using InferenceServer.Models.Cpu.Lanes;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>f32 weights, [N/32][K][32], inputs in pairs.</summary>
internal readonly unsafe struct F32Panels : IStripPacker
{
    /// <summary>Bytes of two inputs for all outputs of a strip.</summary>
    public const int PairBytes = 2 * IStripPacker.StripOutputs * sizeof(float);

    public static WeightFormat Format => WeightFormat.F32;

    public static long StripBytes(int inputs) => checked((long)((inputs + 1) / 2) * PairBytes);

    public static int BlockBytes => TileReader.Bytes;

    // An odd last input has a pair of its own.
    public static void Pack(float* tile, int inputs, byte* block) =>
        Buffer.MemoryCopy(tile, block, TileReader.Bytes, (inputs + 1) / 2 * PairBytes);

    /// <summary>Weights of the pair's even input for outputs 0..15 (half 0) or 16..31 (half 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Even<TLanes>(byte* pair, int half)
        where TLanes : unmanaged, ILanes<TLanes> => TLanes.Load((float*)pair + (half * 16));

    /// <summary>Weights of the pair's odd input.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Odd<TLanes>(byte* pair, int half)
        where TLanes : unmanaged, ILanes<TLanes> => TLanes.Load((float*)pair + 32 + (half * 16));
}
