using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace InferenceServer.Models.Cpu.Lanes;

/// <summary>Two 256-bit registers, with one of two ways to multiply bytes.</summary>
internal readonly unsafe struct Dots256<TProduct>(Vector256<int> low, Vector256<int> high) : IDots<Dots256<TProduct>>
    where TProduct : struct, IByteProduct
{
    private readonly Vector256<int> _low = low;
    private readonly Vector256<int> _high = high;

    public static bool IsSupported => TProduct.IsSupported && Fma.IsSupported;

    public static Dots256<TProduct> Zero => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dots256<TProduct> Load(byte* source) => new(Vector256.Load((int*)source), Vector256.Load((int*)source + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dots256<TProduct> LowNibbles(Dots256<TProduct> bytes)
    {
        var mask = Vector256.Create(0x0F0F0F0F);
        return new(bytes._low & mask, bytes._high & mask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dots256<TProduct> HighNibbles(Dots256<TProduct> bytes)
    {
        var mask = Vector256.Create(0x0F0F0F0F);
        return new((bytes._low >>> 4) & mask, (bytes._high >>> 4) & mask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dots256<TProduct> LowScales(Dots256<TProduct> words) => new(words._low << 16, words._high << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dots256<TProduct> HighScales(Dots256<TProduct> words)
    {
        var mask = Vector256.Create(unchecked((int)0xFFFF0000));
        return new(words._low & mask, words._high & mask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dots256<TProduct> Create(int value)
    {
        var lanes = Vector256.Create(value);
        return new(lanes, lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dots256<TProduct> Dot(Dots256<TProduct> sum, Dots256<TProduct> weights, int x)
    {
        var activations = Vector256.Create(x);
        return new(TProduct.Dot(sum._low, weights._low, activations), TProduct.Dot(sum._high, weights._high, activations));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dots256<TProduct> Accumulate(Dots256<TProduct> total, Dots256<TProduct> sum, Dots256<TProduct> scales, float scale)
    {
        var factor = Vector256.Create(scale);
        return new(
            Fma.MultiplyAdd(Vector256.ConvertToSingle(sum._low), scales._low.AsSingle() * factor, total._low.AsSingle()).AsInt32(),
            Fma.MultiplyAdd(Vector256.ConvertToSingle(sum._high), scales._high.AsSingle() * factor, total._high.AsSingle()).AsInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Dots256<TProduct> value)
    {
        value._low.AsSingle().Store(destination);
        value._high.AsSingle().Store(destination + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* address) => Sse.Prefetch0(address);
}
