using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace InferenceServer.Models.Cpu.Lanes;

/// <summary>Four 128-bit registers and 32-bit products, on any machine.</summary>
internal readonly unsafe struct Dots128(Vector128<int> v0, Vector128<int> v1, Vector128<int> v2, Vector128<int> v3) : IDots<Dots128>
{
    private readonly Vector128<int> _v0 = v0;
    private readonly Vector128<int> _v1 = v1;
    private readonly Vector128<int> _v2 = v2;
    private readonly Vector128<int> _v3 = v3;

    public static bool IsSupported => true;

    public static Dots128 Zero => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dots128 Load(byte* source)
    {
        var words = (int*)source;
        return new(Vector128.Load(words), Vector128.Load(words + 4), Vector128.Load(words + 8), Vector128.Load(words + 12));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dots128 LowNibbles(Dots128 bytes)
    {
        var mask = Vector128.Create(0x0F0F0F0F);
        return new(bytes._v0 & mask, bytes._v1 & mask, bytes._v2 & mask, bytes._v3 & mask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dots128 HighNibbles(Dots128 bytes)
    {
        var mask = Vector128.Create(0x0F0F0F0F);
        return new((bytes._v0 >>> 4) & mask, (bytes._v1 >>> 4) & mask, (bytes._v2 >>> 4) & mask, (bytes._v3 >>> 4) & mask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dots128 LowScales(Dots128 words) => new(words._v0 << 16, words._v1 << 16, words._v2 << 16, words._v3 << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dots128 HighScales(Dots128 words)
    {
        var mask = Vector128.Create(unchecked((int)0xFFFF0000));
        return new(words._v0 & mask, words._v1 & mask, words._v2 & mask, words._v3 & mask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dots128 Create(int value)
    {
        var lanes = Vector128.Create(value);
        return new(lanes, lanes, lanes, lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dots128 Dot(Dots128 sum, Dots128 weights, int x) => new(
        Dot(sum._v0, weights._v0, x),
        Dot(sum._v1, weights._v1, x),
        Dot(sum._v2, weights._v2, x),
        Dot(sum._v3, weights._v3, x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dots128 Accumulate(Dots128 total, Dots128 sum, Dots128 scales, float scale)
    {
        var factor = Vector128.Create(scale);
        return new(
            Accumulate(total._v0, sum._v0, scales._v0, factor),
            Accumulate(total._v1, sum._v1, scales._v1, factor),
            Accumulate(total._v2, sum._v2, scales._v2, factor),
            Accumulate(total._v3, sum._v3, scales._v3, factor));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Dots128 value)
    {
        value._v0.AsSingle().Store(destination);
        value._v1.AsSingle().Store(destination + 4);
        value._v2.AsSingle().Store(destination + 8);
        value._v3.AsSingle().Store(destination + 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* address)
    {
        if (Sse.IsSupported) Sse.Prefetch0(address);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Dot(Vector128<int> sum, Vector128<int> weights, int x)
    {
        var mask = Vector128.Create(0xFF);
        sum += (weights & mask) * Vector128.Create((int)(sbyte)x);
        sum += ((weights >>> 8) & mask) * Vector128.Create((int)(sbyte)(x >> 8));
        sum += ((weights >>> 16) & mask) * Vector128.Create((int)(sbyte)(x >> 16));
        return sum + ((weights >>> 24) * Vector128.Create(x >> 24));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Accumulate(Vector128<int> total, Vector128<int> sum, Vector128<int> scales, Vector128<float> factor) =>
        Vector128.FusedMultiplyAdd(Vector128.ConvertToSingle(sum), scales.AsSingle() * factor, total.AsSingle()).AsInt32();
}
