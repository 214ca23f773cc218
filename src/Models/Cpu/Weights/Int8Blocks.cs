using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using InferenceServer.Models.Cpu.Lanes;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>
/// 8 bits a weight and a scale per 32: 1,088 bytes a block, 8.5 bits a weight. The scale is rounded up to bf16 before the
/// weights are divided by it, so its rounding costs no bias and the largest weight still fits.
/// </summary>
internal readonly unsafe struct Int8Blocks : IWeightBlocks
{
    public const int Zero = 128;

    private const int QuantBytes = WeightBlocks.Inputs * IStripPacker.StripOutputs;
    private const int BlockBytes = QuantBytes + WeightBlocks.ScaleBytes;
    private const int Largest = 127;

    public static WeightFormat Format => WeightFormat.Q8;

    public static int ZeroPoint => Zero;

    public static int Groups => 8;

    public static long StripBytes(int inputs) => checked((long)WeightBlocks.Count(inputs) * BlockBytes);

    public static void Pack(float* rows, int inputs, byte* strip)
    {
        var weights = stackalloc float[WeightBlocks.Inputs];
        for (var block = 0; block < WeightBlocks.Count(inputs); block++, strip += BlockBytes)
        {
            for (var output = 0; output < IStripPacker.StripOutputs; output++)
            {
                WeightBlocks.Gather(rows + ((nint)output * inputs), inputs, block, weights);
                var scale = ScaleAbove(TensorPrimitives.MaxMagnitude(new ReadOnlySpan<float>(weights, WeightBlocks.Inputs)));
                WeightBlocks.StoreScale(strip + QuantBytes, output, scale);
                var inverse = scale == 0 ? 0 : 1 / WeightBlocks.Widen(scale);
                for (var k = 0; k < WeightBlocks.Inputs; k++)
                {
                    var quant = Math.Clamp((int)MathF.Round(weights[k] * inverse), -Largest, Largest);
                    strip[((k / 4) * 4 * IStripPacker.StripOutputs) + (4 * output) + (k % 4)] = (byte)(quant + ZeroPoint);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TDots Add<TDots>(TDots sum, TDots raw, int* x, int group)
        where TDots : unmanaged, IDots<TDots> => TDots.Dot(sum, raw, x[group]);

    // The smallest bf16 that is at least |largest| / 127.
    private static ushort ScaleAbove(float largest)
    {
        var bits = BitConverter.SingleToUInt32Bits(Math.Abs(largest) / Largest);
        return (ushort)((bits + 0xFFFF) >> 16);
    }
}
