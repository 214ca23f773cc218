using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
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
        var top = Largest(x);
        if (top < Smallest)
        {
            Vector256<sbyte>.Zero.Store(quants);
            sum = 0;
            return 0;
        }

        var inverse = 127 / top;
        if (Avx512F.IsSupported)
        {
            var (first, second) = (Nearest(Vector512.Load(x), inverse), Nearest(Vector512.Load(x + 16), inverse));
            Avx512F.ConvertToVector128SByte(first).Store(quants);
            Avx512F.ConvertToVector128SByte(second).Store(quants + 16);
            sum = Vector512.Sum(first + second);
        }
        else
        {
            var (q0, q1) = (Nearest(Vector256.Load(x), inverse), Nearest(Vector256.Load(x + 8), inverse));
            var (q2, q3) = (Nearest(Vector256.Load(x + 16), inverse), Nearest(Vector256.Load(x + 24), inverse));
            Vector256.Narrow(Vector256.Narrow(q0, q1), Vector256.Narrow(q2, q3)).Store(quants);
            sum = Vector256.Sum(q0 + q1 + q2 + q3);
        }

        return float.IsFinite(top) ? top / 127 : float.NaN;
    }

    // As integers, magnitudes keep their order and what is not finite comes out on top.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Largest(float* x)
    {
        var magnitude = Vector256.Create(0x7FFFFFFF);
        var largest = Vector256.Max(
            Vector256.Max(Vector256.Load((int*)x) & magnitude, Vector256.Load((int*)x + 8) & magnitude),
            Vector256.Max(Vector256.Load((int*)x + 16) & magnitude, Vector256.Load((int*)x + 24) & magnitude));
        var four = Vector128.Max(largest.GetLower(), largest.GetUpper());
        var two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return BitConverter.Int32BitsToSingle(Math.Max(two[0], two[1]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Nearest(Vector512<float> x, float inverse) =>
        ((x * Vector512.Create(inverse)) + Vector512.Create(Shift)).AsInt32() - Vector512.Create(Shift).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Nearest(Vector256<float> x, float inverse) =>
        ((x * Vector256.Create(inverse)) + Vector256.Create(Shift)).AsInt32() - Vector256.Create(Shift).AsInt32();

    private static void Write(float* x, int zeroPoint, byte* block)
    {
        *(float*)(block + ScaleOffset) = Quantise(x, (sbyte*)block, out var sum);
        *(int*)(block + BiasOffset) = -zeroPoint * sum;
    }
}
