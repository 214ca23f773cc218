using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace InferenceServer.Models.Cpu.Lanes;

/// <summary>sum + Σ w·x over the four unsigned weights and four signed activations of each 32-bit lane, exact.</summary>
internal interface IByteProduct
{
    static abstract bool IsSupported { get; }

    static abstract Vector256<int> Dot(Vector256<int> sum, Vector256<int> weights, Vector256<int> x);
}

/// <summary>One instruction (AVX-VNNI).</summary>
internal readonly struct VnniProduct : IByteProduct
{
    public static bool IsSupported => AvxVnni.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Dot(Vector256<int> sum, Vector256<int> weights, Vector256<int> x) =>
        AvxVnni.MultiplyWideningAndAdd(sum, weights.AsByte(), x.AsSByte());
}

/// <summary>Two 16-bit products: the 8-bit one of AVX2 saturates.</summary>
internal readonly struct WideProduct : IByteProduct
{
    public static bool IsSupported => Avx2.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Dot(Vector256<int> sum, Vector256<int> weights, Vector256<int> x)
    {
        // Weights 0 and 2 of a lane with activations 0 and 2, then 1 and 3.
        var even = Avx2.MultiplyAddAdjacent(weights.AsInt16() & Vector256.Create((short)0xFF), (x.AsInt16() << 8) >> 8);
        return sum + even + Avx2.MultiplyAddAdjacent(weights.AsInt16() >>> 8, x.AsInt16() >> 8);
    }
}
