using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace InferenceServer.Models.Cpu.Memory;

/// <summary>
/// Keys and values of a narrow format as f32, a few at a time, so that what attention multiplies is in the first-level cache
/// and its sums are those of f32 KV. Exact for bf16, one multiplication for int8: the same bits on every path.
/// </summary>
internal static unsafe class KvWidening
{
    private const int Lanes = KvLayout.TileTokens;

    /// <summary>A tile of keys, [headDim][16].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Keys(KvFormat format, byte* tile, int headDim, float* to)
    {
        if (format == KvFormat.BF16)
        {
            Bf16((ushort*)tile, (nint)headDim * Lanes, to);
            return;
        }

        var scales = Vector512.Load((float*)(tile + (headDim * Lanes)));
        for (nint at = 0; at < (nint)headDim * Lanes; at += Lanes) (Integers((sbyte*)tile + at) * scales).Store(to + at);
    }

    /// <summary>Values of positions [token, token + count) of a page, [count][width].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Values(KvFormat format, byte* values, int token, int count, int pageTokens, int width, float* to)
    {
        if (format == KvFormat.BF16)
        {
            Bf16((ushort*)values + ((nint)token * width), (nint)count * width, to);
            return;
        }

        var scales = (float*)(values + ((nint)pageTokens * width)) + token;
        var from = (sbyte*)values + ((nint)token * width);
        for (var i = 0; i < count; i++, from += width, to += width)
        {
            var scale = Vector512.Create(scales[i]);
            for (nint d = 0; d < width; d += Lanes) (Integers(from + d) * scale).Store(to + d);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Bf16(ushort* from, nint count, float* to)
    {
        for (nint at = 0; at < count; at += Lanes)
        {
            var (lower, upper) = Vector256.Widen(Vector256.Load(from + at));
            (Vector512.Create(lower, upper) << 16).AsSingle().Store(to + at);
        }
    }

    /// <summary>Sixteen bytes as floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Integers(sbyte* from)
    {
        var bytes = Vector128.Load(from);
        if (Avx512F.IsSupported) return Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(bytes));
        var (lower, upper) = Vector128.Widen(bytes);
        var (first, second) = Vector256.Widen(Vector256.Create(lower, upper));
        return Vector512.ConvertToSingle(Vector512.Create(first, second));
    }
}
