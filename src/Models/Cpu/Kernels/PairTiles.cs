using System.Runtime.CompilerServices;
using InferenceServer.Models.Cpu.Lanes;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu.Kernels;

/// <summary>
/// Products of one strip of bf16 weights with a few rows of activations that were rounded to bf16. Per 32 inputs the even and
/// the odd ones are summed by fused multiply-adds each for itself, the two sums are added, and that is added to the total:
/// what the matrix unit does with a pair of tiles, so that it and every width of registers give the same bits.
/// </summary>
internal static unsafe class PairTiles<TLanes>
    where TLanes : unmanaged, ILanes<TLanes>
{
    // Far enough ahead to hide memory's latency at one core's share of the bus.
    private const int PrefetchBytes = 4096;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows1(float* x, byte* w, int blocks, float* y)
    {
        TLanes a0 = TLanes.Zero, a1 = TLanes.Zero;
        for (; blocks > 0; blocks--)
        {
            TLanes a0Even = TLanes.Zero, a1Even = TLanes.Zero;
            TLanes a0Odd = TLanes.Zero, a1Odd = TLanes.Zero;
            for (var pair = 0; pair < WeightBlocks.Inputs / 2; pair++)
            {
                Prefetch(w);
                var low = Bf16Panels.Even<TLanes>(w, 0);
                var high = Bf16Panels.Even<TLanes>(w, 1);
                var s = TLanes.Broadcast(x[0]);
                a0Even = TLanes.MultiplyAdd(s, low, a0Even);
                a1Even = TLanes.MultiplyAdd(s, high, a1Even);
                low = Bf16Panels.Odd<TLanes>(w, 0);
                high = Bf16Panels.Odd<TLanes>(w, 1);
                s = TLanes.Broadcast(x[1]);
                a0Odd = TLanes.MultiplyAdd(s, low, a0Odd);
                a1Odd = TLanes.MultiplyAdd(s, high, a1Odd);
                x += 2;
                w += Bf16Panels.PairBytes;
            }

            w += Bf16Panels.HalfBytes;
            a0 = TLanes.Add(a0, TLanes.Add(a0Even, a0Odd));
            a1 = TLanes.Add(a1, TLanes.Add(a1Even, a1Odd));
        }

        TLanes.Store(y, a0);
        TLanes.Store(y + ILanes<TLanes>.Count, a1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows2(float* x, nint ldx, byte* w, int blocks, float* y, nint ldy)
    {
        var x1 = x + ldx;
        TLanes a0 = TLanes.Zero, a1 = TLanes.Zero, b0 = TLanes.Zero, b1 = TLanes.Zero;
        for (; blocks > 0; blocks--)
        {
            TLanes a0Even = TLanes.Zero, a1Even = TLanes.Zero, b0Even = TLanes.Zero, b1Even = TLanes.Zero;
            TLanes a0Odd = TLanes.Zero, a1Odd = TLanes.Zero, b0Odd = TLanes.Zero, b1Odd = TLanes.Zero;
            for (var pair = 0; pair < WeightBlocks.Inputs / 2; pair++)
            {
                Prefetch(w);
                var low = Bf16Panels.Even<TLanes>(w, 0);
                var high = Bf16Panels.Even<TLanes>(w, 1);
                var s = TLanes.Broadcast(x[0]);
                a0Even = TLanes.MultiplyAdd(s, low, a0Even);
                a1Even = TLanes.MultiplyAdd(s, high, a1Even);
                s = TLanes.Broadcast(x1[0]);
                b0Even = TLanes.MultiplyAdd(s, low, b0Even);
                b1Even = TLanes.MultiplyAdd(s, high, b1Even);
                low = Bf16Panels.Odd<TLanes>(w, 0);
                high = Bf16Panels.Odd<TLanes>(w, 1);
                s = TLanes.Broadcast(x[1]);
                a0Odd = TLanes.MultiplyAdd(s, low, a0Odd);
                a1Odd = TLanes.MultiplyAdd(s, high, a1Odd);
                s = TLanes.Broadcast(x1[1]);
                b0Odd = TLanes.MultiplyAdd(s, low, b0Odd);
                b1Odd = TLanes.MultiplyAdd(s, high, b1Odd);
                x += 2;
                x1 += 2;
                w += Bf16Panels.PairBytes;
            }

            w += Bf16Panels.HalfBytes;
            a0 = TLanes.Add(a0, TLanes.Add(a0Even, a0Odd));
            a1 = TLanes.Add(a1, TLanes.Add(a1Even, a1Odd));
            b0 = TLanes.Add(b0, TLanes.Add(b0Even, b0Odd));
            b1 = TLanes.Add(b1, TLanes.Add(b1Even, b1Odd));
        }

        TLanes.Store(y, a0);
        TLanes.Store(y + ILanes<TLanes>.Count, a1);
        TLanes.Store(y + ldy, b0);
        TLanes.Store(y + ldy + ILanes<TLanes>.Count, b1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows4(float* x, nint ldx, byte* w, int blocks, float* y, nint ldy)
    {
        var x1 = x + ldx;
        var x2 = x + (2 * ldx);
        var x3 = x + (3 * ldx);
        TLanes a0 = TLanes.Zero, a1 = TLanes.Zero, b0 = TLanes.Zero, b1 = TLanes.Zero, c0 = TLanes.Zero, c1 = TLanes.Zero, d0 = TLanes.Zero, d1 = TLanes.Zero;
        for (; blocks > 0; blocks--)
        {
            TLanes a0Even = TLanes.Zero, a1Even = TLanes.Zero, b0Even = TLanes.Zero, b1Even = TLanes.Zero, c0Even = TLanes.Zero, c1Even = TLanes.Zero, d0Even = TLanes.Zero, d1Even = TLanes.Zero;
            TLanes a0Odd = TLanes.Zero, a1Odd = TLanes.Zero, b0Odd = TLanes.Zero, b1Odd = TLanes.Zero, c0Odd = TLanes.Zero, c1Odd = TLanes.Zero, d0Odd = TLanes.Zero, d1Odd = TLanes.Zero;
            for (var pair = 0; pair < WeightBlocks.Inputs / 2; pair++)
            {
                Prefetch(w);
                var low = Bf16Panels.Even<TLanes>(w, 0);
                var high = Bf16Panels.Even<TLanes>(w, 1);
                var s = TLanes.Broadcast(x[0]);
                a0Even = TLanes.MultiplyAdd(s, low, a0Even);
                a1Even = TLanes.MultiplyAdd(s, high, a1Even);
                s = TLanes.Broadcast(x1[0]);
                b0Even = TLanes.MultiplyAdd(s, low, b0Even);
                b1Even = TLanes.MultiplyAdd(s, high, b1Even);
                s = TLanes.Broadcast(x2[0]);
                c0Even = TLanes.MultiplyAdd(s, low, c0Even);
                c1Even = TLanes.MultiplyAdd(s, high, c1Even);
                s = TLanes.Broadcast(x3[0]);
                d0Even = TLanes.MultiplyAdd(s, low, d0Even);
                d1Even = TLanes.MultiplyAdd(s, high, d1Even);
                low = Bf16Panels.Odd<TLanes>(w, 0);
                high = Bf16Panels.Odd<TLanes>(w, 1);
                s = TLanes.Broadcast(x[1]);
                a0Odd = TLanes.MultiplyAdd(s, low, a0Odd);
                a1Odd = TLanes.MultiplyAdd(s, high, a1Odd);
                s = TLanes.Broadcast(x1[1]);
                b0Odd = TLanes.MultiplyAdd(s, low, b0Odd);
                b1Odd = TLanes.MultiplyAdd(s, high, b1Odd);
                s = TLanes.Broadcast(x2[1]);
                c0Odd = TLanes.MultiplyAdd(s, low, c0Odd);
                c1Odd = TLanes.MultiplyAdd(s, high, c1Odd);
                s = TLanes.Broadcast(x3[1]);
                d0Odd = TLanes.MultiplyAdd(s, low, d0Odd);
                d1Odd = TLanes.MultiplyAdd(s, high, d1Odd);
                x += 2;
                x1 += 2;
                x2 += 2;
                x3 += 2;
                w += Bf16Panels.PairBytes;
            }

            w += Bf16Panels.HalfBytes;
            a0 = TLanes.Add(a0, TLanes.Add(a0Even, a0Odd));
            a1 = TLanes.Add(a1, TLanes.Add(a1Even, a1Odd));
            b0 = TLanes.Add(b0, TLanes.Add(b0Even, b0Odd));
            b1 = TLanes.Add(b1, TLanes.Add(b1Even, b1Odd));
            c0 = TLanes.Add(c0, TLanes.Add(c0Even, c0Odd));
            c1 = TLanes.Add(c1, TLanes.Add(c1Even, c1Odd));
            d0 = TLanes.Add(d0, TLanes.Add(d0Even, d0Odd));
            d1 = TLanes.Add(d1, TLanes.Add(d1Even, d1Odd));
        }

        TLanes.Store(y, a0);
        TLanes.Store(y + ILanes<TLanes>.Count, a1);
        TLanes.Store(y + ldy, b0);
        TLanes.Store(y + ldy + ILanes<TLanes>.Count, b1);
        TLanes.Store(y + (2 * ldy), c0);
        TLanes.Store(y + (2 * ldy) + ILanes<TLanes>.Count, c1);
        TLanes.Store(y + (3 * ldy), d0);
        TLanes.Store(y + (3 * ldy) + ILanes<TLanes>.Count, d1);
    }

    /// <summary>Sixteen outputs of two rows, where registers are few.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows2Half(float* x, nint ldx, byte* w, int blocks, float* y, nint ldy, int half)
    {
        var x1 = x + ldx;
        TLanes a = TLanes.Zero, b = TLanes.Zero;
        for (; blocks > 0; blocks--)
        {
            TLanes aEven = TLanes.Zero, bEven = TLanes.Zero;
            TLanes aOdd = TLanes.Zero, bOdd = TLanes.Zero;
            for (var pair = 0; pair < WeightBlocks.Inputs / 2; pair++)
            {
                Prefetch(w);
                var weights = Bf16Panels.Even<TLanes>(w, half);
                var s = TLanes.Broadcast(x[0]);
                aEven = TLanes.MultiplyAdd(s, weights, aEven);
                s = TLanes.Broadcast(x1[0]);
                bEven = TLanes.MultiplyAdd(s, weights, bEven);
                weights = Bf16Panels.Odd<TLanes>(w, half);
                s = TLanes.Broadcast(x[1]);
                aOdd = TLanes.MultiplyAdd(s, weights, aOdd);
                s = TLanes.Broadcast(x1[1]);
                bOdd = TLanes.MultiplyAdd(s, weights, bOdd);
                x += 2;
                x1 += 2;
                w += Bf16Panels.PairBytes;
            }

            w += Bf16Panels.HalfBytes;
            a = TLanes.Add(a, TLanes.Add(aEven, aOdd));
            b = TLanes.Add(b, TLanes.Add(bEven, bOdd));
        }

        y += half * ILanes<TLanes>.Count;
        TLanes.Store(y, a);
        TLanes.Store(y + ldy, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* w)
    {
        TLanes.Prefetch(w + PrefetchBytes);
        TLanes.Prefetch(w + PrefetchBytes + Bf16Panels.HalfBytes);
    }
}
