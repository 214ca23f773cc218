using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using InferenceServer.Models.Cpu.Lanes;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>
/// 4 bits a weight and a scale per 32: 576 bytes a block, 4.5 bits a weight. Byte j of a group holds inputs j (low) and
/// 16 + j (high). Of several scales around the one that fits the largest weight exactly, the one with the smallest squared
/// error is taken.
/// </summary>
internal readonly unsafe struct Int4Blocks : IWeightBlocks
{
    public const int Zero = 8;

    private const int QuantBytes = WeightBlocks.Inputs * IStripPacker.StripOutputs / 2;
    private const int BlockBytes = QuantBytes + WeightBlocks.ScaleBytes;

    // Where the largest weight may land; -8 is the end of the range, beyond it the largest is cut and the others gain.
    private static readonly float[] Ends = [-8f, -8.5f, -7.5f, -7f, -9f, -6.5f, -9.5f];

    public static WeightFormat Format => WeightFormat.Q4;

    public static int ZeroPoint => Zero;

    public static int Groups => 4;

    public static long StripBytes(int inputs) => checked((long)WeightBlocks.Count(inputs) * BlockBytes);

    public static void Pack(float* rows, int inputs, byte* strip)
    {
        var weights = stackalloc float[WeightBlocks.Inputs];
        var quants = stackalloc int[WeightBlocks.Inputs];
        for (var block = 0; block < WeightBlocks.Count(inputs); block++, strip += BlockBytes)
        {
            for (var output = 0; output < IStripPacker.StripOutputs; output++)
            {
                WeightBlocks.Gather(rows + ((nint)output * inputs), inputs, block, weights);
                WeightBlocks.StoreScale(strip + QuantBytes, output, Quantise(weights, quants));
                for (var k = 0; k < WeightBlocks.Inputs / 2; k++)
                {
                    var both = (quants[k] + ZeroPoint) | ((quants[k + 16] + ZeroPoint) << 4);
                    strip[((k / 4) * 4 * IStripPacker.StripOutputs) + (4 * output) + (k % 4)] = (byte)both;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TDots Add<TDots>(TDots sum, TDots raw, int* x, int group)
        where TDots : unmanaged, IDots<TDots> =>
        TDots.Dot(TDots.Dot(sum, TDots.LowNibbles(raw), x[group]), TDots.HighNibbles(raw), x[group + 4]);

    /// <summary>Fills <paramref name="quants"/>, each in -8..7; returns the scale as bf16.</summary>
    private static ushort Quantise(float* weights, int* quants)
    {
        var largest = 0f;
        for (var k = 0; k < WeightBlocks.Inputs; k++)
        {
            if (Math.Abs(weights[k]) > Math.Abs(largest)) largest = weights[k];
        }

        var (best, bestError) = ((ushort)0, float.PositiveInfinity);
        foreach (var end in Ends)
        {
            var scale = Bf16Panels.Round(largest / end);
            var error = Error(weights, WeightBlocks.Widen(scale));
            if (error < bestError) (best, bestError) = (scale, error);
        }

        var inverse = Inverse(WeightBlocks.Widen(best));
        for (var k = 0; k < WeightBlocks.Inputs; k++) quants[k] = Math.Clamp((int)MathF.Round(weights[k] * inverse), -8, 7);
        return best;
    }

    private static float Error(float* weights, float scale)
    {
        var total = Vector256<float>.Zero;
        for (var k = 0; k < WeightBlocks.Inputs; k += Vector256<float>.Count)
        {
            var weight = Vector256.Load(weights + k);
            var quant = Vector256.Clamp(Vector256.Round(weight * Inverse(scale)), Vector256.Create(-8f), Vector256.Create(7f));
            var difference = weight - (quant * scale);
            total += difference * difference;
        }

        return Vector256.Sum(total);
    }

    private static float Inverse(float scale) => scale == 0 ? 0 : 1 / scale;
}
