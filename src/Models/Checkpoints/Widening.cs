using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceServer.Models.Checkpoints;

/// <summary>Stored elements to f32. Nothing is rounded.</summary>
internal static class Widening
{
    // 2^112: the difference between the exponents' biases of f32 and f16.
    private const float HalfScale = 5.192296858534828e33f;

    /// <summary>Widens as many elements as <paramref name="to"/> holds; <paramref name="from"/> is little-endian and need not be aligned.</summary>
    public static void ToFloats(DType dtype, ReadOnlySpan<byte> from, Span<float> to)
    {
        if (dtype == DType.F32)
        {
            MemoryMarshal.Cast<byte, float>(from)[..to.Length].CopyTo(to);
            return;
        }

        var words = MemoryMarshal.Cast<byte, ushort>(from)[..to.Length];
        var at = 0;
        for (; at <= to.Length - Vector512<float>.Count; at += Vector512<float>.Count)
        {
            var wide = Widen(ref Unsafe.AsRef(in words[at]));
            var floats = dtype == DType.BF16 ? (wide << 16).AsSingle() : Halves(wide);
            floats.CopyTo(to[at..]);
        }

        for (; at < to.Length; at++)
            to[at] = dtype == DType.BF16 ? BitConverter.UInt32BitsToSingle((uint)words[at] << 16) : (float)BitConverter.UInt16BitsToHalf(words[at]);
    }

    /// <summary>f16 in the lower halves of words, whose upper halves are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Halves(Vector512<uint> halves)
    {
        var magnitude = halves & Vector512.Create(0x7FFFu);
        // As f32 of the smaller bias the number is right but for a power of two; subnormal numbers become normal by it.
        var number = ((magnitude << 13).AsSingle() * Vector512.Create(HalfScale)).AsUInt32();
        var infinite = Vector512.GreaterThanOrEqual(magnitude, Vector512.Create(0x7C00u)) & Vector512.Create(0x7F800000u);
        return (number | infinite | ((halves & Vector512.Create(0x8000u)) << 16)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Widen(ref ushort words)
    {
        var (lower, upper) = Vector256.Widen(Vector256.LoadUnsafe(ref words));
        return Vector512.Create(lower, upper);
    }
}
