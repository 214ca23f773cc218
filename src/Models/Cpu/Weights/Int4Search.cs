using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>
/// The scale of a block of <see cref="Int4Blocks"/>: of seven candidates the first with the smallest squared error, for
/// sixteen outputs at once. An output's bits do not depend on its neighbours or the instruction set.
/// </summary>
internal static unsafe class Int4Search
{
    /// <summary>The smallest quant.</summary>
    public const float Lowest = -8;

    /// <summary>The largest quant.</summary>
    public const float Highest = 7;

    // An integer below 2²² that is added to it is rounded to even, as it is when it is converted, but in one operation.
    private const float Rounder = 1.5f * (1 << 23);

    /// <summary>Scales of outputs 0..15 of a tile, [32 inputs][32 outputs], as floats whose lower halves are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Vector512<float> BestScales(float* weights)
    {
        var (largest, magnitude) = (Vector512<float>.Zero, Vector512<float>.Zero);
        for (var k = 0; k < WeightBlocks.Inputs; k++)
        {
            var weight = Vector512.LoadAligned(weights + (k * IStripPacker.StripOutputs));
            var larger = Vector512.GreaterThan(Vector512.Abs(weight), magnitude);
            largest = Vector512.ConditionalSelect(larger, weight, largest);
            magnitude = Vector512.ConditionalSelect(larger, Vector512.Abs(weight), magnitude);
        }

        var (best, smallest) = (Vector512<float>.Zero, Vector512.Create(float.PositiveInfinity));
        // Where the largest weight may land; -8 is the end of the range, beyond it the largest is cut and the others gain.
        Try(weights, largest, -8f, ref best, ref smallest);
        Try(weights, largest, -8.5f, ref best, ref smallest);
        Try(weights, largest, -7.5f, ref best, ref smallest);
        Try(weights, largest, -7f, ref best, ref smallest);
        Try(weights, largest, -9f, ref best, ref smallest);
        Try(weights, largest, -6.5f, ref best, ref smallest);
        Try(weights, largest, -9.5f, ref best, ref smallest);
        return best;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Try(float* weights, Vector512<float> largest, float end, ref Vector512<float> best, ref Vector512<float> smallest)
    {
        var scale = Bf16Panels.Round(largest / Vector512.Create(end));
        var inverse = WeightBlocks.Inverse(scale);
        Vector512<float> e0 = default, e1 = default, e2 = default, e3 = default, e4 = default, e5 = default, e6 = default, e7 = default;
        for (var k = 0; k < WeightBlocks.Inputs; k += 8, weights += 8 * IStripPacker.StripOutputs)
        {
            e0 += SquaredError(weights, 0, scale, inverse);
            e1 += SquaredError(weights, 1, scale, inverse);
            e2 += SquaredError(weights, 2, scale, inverse);
            e3 += SquaredError(weights, 3, scale, inverse);
            e4 += SquaredError(weights, 4, scale, inverse);
            e5 += SquaredError(weights, 5, scale, inverse);
            e6 += SquaredError(weights, 6, scale, inverse);
            e7 += SquaredError(weights, 7, scale, inverse);
        }

        var error = e0 + e1 + (e2 + e3) + (e4 + e5 + (e6 + e7));
        var better = Vector512.LessThan(error, smallest);
        best = Vector512.ConditionalSelect(better, scale, best);
        smallest = Vector512.ConditionalSelect(better, error, smallest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> SquaredError(float* weights, int k, Vector512<float> scale, Vector512<float> inverse)
    {
        var weight = Vector512.LoadAligned(weights + (k * IStripPacker.StripOutputs));
        // Cutting before rounding is the same, as the bounds are integers; what is not a number stays so and no candidate wins.
        var within = Vector512.MinNative(Vector512.Create(Highest), Vector512.MaxNative(Vector512.Create(Lowest), weight * inverse));
        var quant = within + Vector512.Create(Rounder) - Vector512.Create(Rounder);
        var difference = weight - (quant * scale);
        return difference * difference;
    }
}
