using System.Runtime.CompilerServices;
using InferenceServer.Models.Cpu.Lanes;

namespace InferenceServer.Models.Cpu.Kernels;

/// <summary>Elementary functions on sixteen lanes, by multiply-adds only, so that every path rounds the same.</summary>
internal static class LaneMath<TLanes>
    where TLanes : unmanaged, ILanes<TLanes>
{
    private const float Log2E = 1.44269504f;

    // ln 2 in two parts: the first has trailing zeros, so n · LnHigh is exact for every n that occurs.
    private const float LnHigh = 0.693359375f;
    private const float LnLow = -2.12194440e-4f;

    // Adding 1.5·2²³ rounds to an integer and leaves it in the low bits.
    private const float Shift = 12582912f;

    /// <summary>eˣ to 2 ulp; arguments are held within [−87, 88], NaN stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Exp(TLanes x)
    {
        x = TLanes.AtMost(TLanes.Broadcast(88f), TLanes.AtLeast(TLanes.Broadcast(-87f), x));
        var shifted = TLanes.MultiplyAdd(x, TLanes.Broadcast(Log2E), TLanes.Broadcast(Shift));
        var n = TLanes.Subtract(shifted, TLanes.Broadcast(Shift));
        var r = TLanes.MultiplyAdd(n, TLanes.Broadcast(-LnHigh), x);
        r = TLanes.MultiplyAdd(n, TLanes.Broadcast(-LnLow), r);
        // Taylor's series on |r| <= ln 2 / 2: the first term left out is below 6e-9.
        var p = TLanes.Broadcast(1f / 5040);
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(1f / 720));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(1f / 120));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(1f / 24));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(1f / 6));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(0.5f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(1f));
        p = TLanes.MultiplyAdd(p, r, TLanes.Broadcast(1f));
        return TLanes.Multiply(p, TLanes.PowerOfTwo(shifted));
    }

    /// <summary>x · sigmoid(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Silu(TLanes x) => TLanes.Divide(x, TLanes.Add(TLanes.Broadcast(1f), Exp(TLanes.Subtract(TLanes.Zero, x))));

    /// <summary>½x(1 + tanh u) = x / (1 + e⁻²ᵘ), u = sqrt(2/π)(x + 0.044715 x³).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes GeluTanh(TLanes x)
    {
        var cubic = TLanes.MultiplyAdd(TLanes.Multiply(x, x), TLanes.Broadcast(0.044715f), TLanes.Broadcast(1f));
        var exponent = TLanes.Multiply(TLanes.Multiply(x, TLanes.Broadcast(-1.5957691216f)), cubic);
        return TLanes.Divide(x, TLanes.Add(TLanes.Broadcast(1f), Exp(exponent)));
    }

    /// <summary>
    /// x·Φ(x) = max(x, 0) − |x|·½erfc(|x|/√2). erfc(z) = t·P(t)·e^(−z²), t = 1/(1 + z/2), with P fitted in double
    /// precision to a relative error of 5e-8 on z in [0, 10].
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Gelu(TLanes x)
    {
        var size = TLanes.AtLeast(x, TLanes.Subtract(TLanes.Zero, x));
        var z = TLanes.Multiply(size, TLanes.Broadcast(0.70710678f));
        var t = TLanes.Divide(TLanes.Broadcast(1f), TLanes.MultiplyAdd(z, TLanes.Broadcast(0.5f), TLanes.Broadcast(1f)));
        var p = TLanes.Broadcast(-0.0601087077f);
        p = TLanes.MultiplyAdd(p, t, TLanes.Broadcast(0.289446101f));
        p = TLanes.MultiplyAdd(p, t, TLanes.Broadcast(-0.496829576f));
        p = TLanes.MultiplyAdd(p, t, TLanes.Broadcast(0.288515146f));
        p = TLanes.MultiplyAdd(p, t, TLanes.Broadcast(-0.0333990199f));
        p = TLanes.MultiplyAdd(p, t, TLanes.Broadcast(0.205360429f));
        p = TLanes.MultiplyAdd(p, t, TLanes.Broadcast(0.242479379f));
        p = TLanes.MultiplyAdd(p, t, TLanes.Broadcast(0.282453842f));
        p = TLanes.MultiplyAdd(p, t, TLanes.Broadcast(0.282082358f));
        var tail = TLanes.Multiply(TLanes.Multiply(p, t), Exp(TLanes.Multiply(TLanes.Subtract(TLanes.Zero, z), z)));
        var half = TLanes.Multiply(TLanes.Multiply(size, TLanes.Broadcast(0.5f)), tail);
        return TLanes.Subtract(Relu(x), half);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Relu(TLanes x) => TLanes.AtLeast(TLanes.Zero, x);
}
