using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using InferenceServer.Models.Cpu.Lanes;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>
/// 4 bits a weight and a scale per 32: 576 bytes a block, 4.5 bits a weight. Byte j of a group holds inputs j (low) and
/// 16 + j (high). Of several scales around the one that fits the largest weight exactly, the one with the smallest squared
/// error is taken (<see cref="Int4Search"/>).
/// </summary>
internal readonly unsafe struct Int4Blocks : IWeightBlocks
{
    public const int Zero = 8;

    private const int QuantBytes = WeightBlocks.Inputs * IStripPacker.StripOutputs / 2;

    public static WeightFormat Format => WeightFormat.Q4;

    public static int ZeroPoint => Zero;

    public static int Groups => 4;

    public static long StripBytes(int inputs) => checked((long)WeightBlocks.Count(inputs) * BlockBytes);

    public static int BlockBytes => QuantBytes + WeightBlocks.ScaleBytes;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(float* tile, int inputs, byte* block)
    {
        var first = Int4Search.BestScales(tile);
        PackHalf(tile, first, block);
        var second = Int4Search.BestScales(tile + TileReader.Lanes);
        PackHalf(tile + TileReader.Lanes, second, block + Int8Blocks.HalfBytes);
        WeightBlocks.StoreScales(block + QuantBytes, first, second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TDots Add<TDots>(TDots sum, TDots raw, int* x, int group)
        where TDots : unmanaged, IDots<TDots> =>
        TDots.Dot(TDots.Dot(sum, TDots.LowNibbles(raw), x[group]), TDots.HighNibbles(raw), x[group + 4]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackHalf(float* weights, Vector512<float> scales, byte* quants)
    {
        var inverse = WeightBlocks.Inverse(scales);
        for (var k = 0; k < WeightBlocks.Inputs / 2; k += 4, weights += 4 * IStripPacker.StripOutputs)
        {
            var group = Pair(weights, inverse)
                | (Pair(weights + IStripPacker.StripOutputs, inverse) << 8)
                | (Pair(weights + (2 * IStripPacker.StripOutputs), inverse) << 16)
                | (Pair(weights + (3 * IStripPacker.StripOutputs), inverse) << 24);
            group.Store((int*)(quants + (k * IStripPacker.StripOutputs)));
        }
    }

    /// <summary>A byte of inputs k and 16 + k.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Pair(float* weights, Vector512<float> inverse) =>
        Quants(weights, inverse) | (Quants(weights + (WeightBlocks.Inputs / 2 * IStripPacker.StripOutputs), inverse) << 4);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Quants(float* weights, Vector512<float> inverse) =>
        WeightBlocks.Quants(Vector512.LoadAligned(weights) * inverse, Int4Search.Lowest, Int4Search.Highest) + Vector512.Create(8);
}
