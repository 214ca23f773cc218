using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using InferenceServer.Models.Cpu.Lanes;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>
/// 8 bits a weight and a scale per 32: 1,088 bytes a block, 8.5 bits a weight. The scale is rounded up to bf16 before the
/// weights are divided by it, so its rounding costs no bias and the largest weight still fits.
/// </summary>
internal readonly unsafe struct Int8Blocks : IWeightBlocks
{
    public const int Zero = 128;

    /// <summary>Bytes of a group of four inputs for sixteen outputs.</summary>
    public const int HalfBytes = 2 * IStripPacker.StripOutputs;

    private const int QuantBytes = WeightBlocks.Inputs * IStripPacker.StripOutputs;
    private const int Largest = 127;

    public static WeightFormat Format => WeightFormat.Q8;

    public static int ZeroPoint => Zero;

    public static int Groups => 8;

    public static long StripBytes(int inputs) => checked((long)WeightBlocks.Count(inputs) * BlockBytes);

    public static int BlockBytes => QuantBytes + WeightBlocks.ScaleBytes;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(float* tile, int inputs, byte* block)
    {
        var first = PackHalf(tile, block);
        var second = PackHalf(tile + TileReader.Lanes, block + HalfBytes);
        WeightBlocks.StoreScales(block + QuantBytes, first, second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TDots Add<TDots>(TDots sum, TDots raw, int* x, int group)
        where TDots : unmanaged, IDots<TDots> => TDots.Dot(sum, raw, x[group]);

    /// <summary>Quantises 32 inputs of sixteen outputs; returns their scales.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> PackHalf(float* weights, byte* quants)
    {
        // Magnitudes are compared as integers, where what is not a number is the largest: it must reach the scale.
        var largest = Vector512<int>.Zero;
        for (var k = 0; k < WeightBlocks.Inputs; k++)
            largest = Vector512.Max(largest, Vector512.LoadAligned(weights + (k * IStripPacker.StripOutputs)).AsInt32() & Vector512.Create(int.MaxValue));

        var scales = ScaleAbove(largest.AsSingle());
        var inverse = WeightBlocks.Inverse(scales);
        for (var k = 0; k < WeightBlocks.Inputs; k += 4, weights += 4 * IStripPacker.StripOutputs)
        {
            var group = Quants(weights, inverse)
                | (Quants(weights + IStripPacker.StripOutputs, inverse) << 8)
                | (Quants(weights + (2 * IStripPacker.StripOutputs), inverse) << 16)
                | (Quants(weights + (3 * IStripPacker.StripOutputs), inverse) << 24);
            group.Store((int*)(quants + (k * IStripPacker.StripOutputs)));
        }

        return scales;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Quants(float* weights, Vector512<float> inverse) =>
        WeightBlocks.Quants(Vector512.LoadAligned(weights) * inverse, -Largest, Largest) + Vector512.Create(128);

    // The smallest bf16 that is at least largest / 127.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> ScaleAbove(Vector512<float> largest)
    {
        var bits = (largest / Vector512.Create((float)Largest)).AsUInt32();
        return ((bits + Vector512.Create(0xFFFFu)) & Vector512.Create(0xFFFF0000u)).AsSingle();
    }
}
