using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu.Kernels;

/// <summary>
/// Rows of activations for the quantised formats: per 32 inputs 32 signed bytes, their scale (largest / 127, f32) and what
/// an integer product must start from because weights are stored around a zero point (minus it times the bytes' sum); 40
/// bytes in all. A row's blocks depend on nothing but the row and the format.
/// </summary>
internal static unsafe class ActivationBlocks
{
    public const int BlockBytes = 40;

    public const int ScaleOffset = 32;
    public const int BiasOffset = 36;

    // Blocks below it are zeros: 127 / largest must be finite.
    private const float Smallest = 1e-30f;

    // Adding 1.5·2²³ rounds to an integer, ties to even, and leaves it in the low bits.
    private const float Shift = 12582912f;

    public static float Scale(byte* block) => *(float*)(block + ScaleOffset);

    public static int Bias(byte* block) => *(int*)(block + BiasOffset);

    /// <summary>Quantises x, [inputs]; a block that holds anything not finite gets a scale of NaN.</summary>
    public static void Quantise(float* x, int inputs, int zeroPoint, byte* blocks)
    {
        var whole = inputs / WeightBlocks.Inputs;
        for (var block = 0; block < whole; block++) Write(x + (block * WeightBlocks.Inputs), zeroPoint, blocks + (block * BlockBytes));
        if (whole == WeightBlocks.Count(inputs)) return;
        var rest = stackalloc float[WeightBlocks.Inputs];
        WeightBlocks.Gather(x, inputs, whole, rest);
        Write(rest, zeroPoint, blocks + (whole * BlockBytes));
    }

    /// <summary>Quantises a block of 32 inputs.</summary>
    /// <param name="sum">Of the bytes.</param>
    /// <returns>Its scale; NaN where anything in it is not finite.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Quantise(float* x, sbyte* quants, out int sum)
    {
        var (v0, v1, v2, v3) = (Vector256.Load(x), Vector256.Load(x + 8), Vector256.Load(x + 16), Vector256.Load(x + 24));
        // As integers, magnitudes keep their order and what is not finite comes out on top.
        var magnitude = Vector256.Create(0x7FFFFFFF);
        var largest = Vector256.Max(
            Vector256.Max(v0.AsInt32() & magnitude, v1.AsInt32() & magnitude),
            Vector256.Max(v2.AsInt32() & magnitude, v3.AsInt32() & magnitude));
        var half = Vector128.Max(largest.GetLower(), largest.GetUpper());
        var bits = Math.Max(Math.Max(half[0], half[1]), Math.Max(half[2], half[3]));
        var top = BitConverter.Int32BitsToSingle(bits);
        if (top < Smallest)
        {
            Vector256<sbyte>.Zero.Store(quants);
            sum = 0;
            return 0;
        }

        var inverse = Vector256.Create(127 / top);
        var shift = Vector256.Create(Shift);
        var (q0, q1) = (((v0 * inverse) + shift).AsInt32() - shift.AsInt32(), ((v1 * inverse) + shift).AsInt32() - shift.AsInt32());
        var (q2, q3) = (((v2 * inverse) + shift).AsInt32() - shift.AsInt32(), ((v3 * inverse) + shift).AsInt32() - shift.AsInt32());
        Vector256.Narrow(Vector256.Narrow(q0, q1), Vector256.Narrow(q2, q3)).Store(quants);
        sum = Vector256.Sum(q0 + q1 + q2 + q3);
        return float.IsFinite(top) ? top / 127 : float.NaN;
    }

    private static void Write(float* x, int zeroPoint, byte* block)
    {
        *(float*)(block + ScaleOffset) = Quantise(x, (sbyte*)block, out var sum);
        *(int*)(block + BiasOffset) = -zeroPoint * sum;
    }
}
