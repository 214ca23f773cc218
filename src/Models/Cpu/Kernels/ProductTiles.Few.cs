using System.Runtime.CompilerServices;
using InferenceServer.Models.Cpu.Lanes;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu.Kernels;

/// <summary>
/// Register tiles of a product Y = X · Wᵀ in f32: some rows times one strip of outputs. Every output is one chain of fused
/// multiply-adds over k = 0, 1, 2 …, whichever tile computes it: a row's bits do not depend on its neighbours.
/// </summary>
internal static unsafe partial class ProductTiles<TLanes>
    where TLanes : unmanaged, ILanes<TLanes>
{
    /// <summary>Far enough ahead to hide memory's latency at one core's share of the bus.</summary>
    private const int PrefetchBytes = 4096;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows1(float* x, nint ldx, byte* w, int inputs, float* y, nint ldy)
    {
        TLanes a0 = TLanes.Zero;
        TLanes b0 = TLanes.Zero;
        var k = 0;
        for (; k < inputs - 1; k += 2)
        {
            PrefetchPair(w);
            var u = F32Panels.Even<TLanes>(w, 0);
            var v = F32Panels.Even<TLanes>(w, 1);
            var s = TLanes.Broadcast(x[k]);
            a0 = TLanes.MultiplyAdd(s, u, a0);
            b0 = TLanes.MultiplyAdd(s, v, b0);
            u = F32Panels.Odd<TLanes>(w, 0);
            v = F32Panels.Odd<TLanes>(w, 1);
            s = TLanes.Broadcast(x[k + 1]);
            a0 = TLanes.MultiplyAdd(s, u, a0);
            b0 = TLanes.MultiplyAdd(s, v, b0);
            w += F32Panels.PairBytes;
        }

        if (k < inputs)
        {
            var u = F32Panels.Even<TLanes>(w, 0);
            var v = F32Panels.Even<TLanes>(w, 1);
            var s = TLanes.Broadcast(x[k]);
            a0 = TLanes.MultiplyAdd(s, u, a0);
            b0 = TLanes.MultiplyAdd(s, v, b0);
        }

        TLanes.Store(y, a0);
        TLanes.Store(y + 16, b0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows2(float* x, nint ldx, byte* w, int inputs, float* y, nint ldy)
    {
        var x1 = x + ldx;
        TLanes a0 = TLanes.Zero, a1 = TLanes.Zero;
        TLanes b0 = TLanes.Zero, b1 = TLanes.Zero;
        var k = 0;
        for (; k < inputs - 1; k += 2)
        {
            PrefetchPair(w);
            var u = F32Panels.Even<TLanes>(w, 0);
            var v = F32Panels.Even<TLanes>(w, 1);
            var s = TLanes.Broadcast(x[k]);
            a0 = TLanes.MultiplyAdd(s, u, a0);
            b0 = TLanes.MultiplyAdd(s, v, b0);
            s = TLanes.Broadcast(x1[k]);
            a1 = TLanes.MultiplyAdd(s, u, a1);
            b1 = TLanes.MultiplyAdd(s, v, b1);
            u = F32Panels.Odd<TLanes>(w, 0);
            v = F32Panels.Odd<TLanes>(w, 1);
            s = TLanes.Broadcast(x[k + 1]);
            a0 = TLanes.MultiplyAdd(s, u, a0);
            b0 = TLanes.MultiplyAdd(s, v, b0);
            s = TLanes.Broadcast(x1[k + 1]);
            a1 = TLanes.MultiplyAdd(s, u, a1);
            b1 = TLanes.MultiplyAdd(s, v, b1);
            w += F32Panels.PairBytes;
        }

        if (k < inputs)
        {
            var u = F32Panels.Even<TLanes>(w, 0);
            var v = F32Panels.Even<TLanes>(w, 1);
            var s = TLanes.Broadcast(x[k]);
            a0 = TLanes.MultiplyAdd(s, u, a0);
            b0 = TLanes.MultiplyAdd(s, v, b0);
            s = TLanes.Broadcast(x1[k]);
            a1 = TLanes.MultiplyAdd(s, u, a1);
            b1 = TLanes.MultiplyAdd(s, v, b1);
        }

        TLanes.Store(y, a0);
        TLanes.Store(y + 16, b0);
        TLanes.Store(y + ldy, a1);
        TLanes.Store(y + ldy + 16, b1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows4(float* x, nint ldx, byte* w, int inputs, float* y, nint ldy)
    {
        var x1 = x + ldx;
        var x2 = x + (2 * ldx);
        var x3 = x + (3 * ldx);
        TLanes a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero;
        TLanes b0 = TLanes.Zero, b1 = TLanes.Zero, b2 = TLanes.Zero, b3 = TLanes.Zero;
        var k = 0;
        for (; k < inputs - 1; k += 2)
        {
            PrefetchPair(w);
            var u = F32Panels.Even<TLanes>(w, 0);
            var v = F32Panels.Even<TLanes>(w, 1);
            var s = TLanes.Broadcast(x[k]);
            a0 = TLanes.MultiplyAdd(s, u, a0);
            b0 = TLanes.MultiplyAdd(s, v, b0);
            s = TLanes.Broadcast(x1[k]);
            a1 = TLanes.MultiplyAdd(s, u, a1);
            b1 = TLanes.MultiplyAdd(s, v, b1);
            s = TLanes.Broadcast(x2[k]);
            a2 = TLanes.MultiplyAdd(s, u, a2);
            b2 = TLanes.MultiplyAdd(s, v, b2);
            s = TLanes.Broadcast(x3[k]);
            a3 = TLanes.MultiplyAdd(s, u, a3);
            b3 = TLanes.MultiplyAdd(s, v, b3);
            u = F32Panels.Odd<TLanes>(w, 0);
            v = F32Panels.Odd<TLanes>(w, 1);
            s = TLanes.Broadcast(x[k + 1]);
            a0 = TLanes.MultiplyAdd(s, u, a0);
            b0 = TLanes.MultiplyAdd(s, v, b0);
            s = TLanes.Broadcast(x1[k + 1]);
            a1 = TLanes.MultiplyAdd(s, u, a1);
            b1 = TLanes.MultiplyAdd(s, v, b1);
            s = TLanes.Broadcast(x2[k + 1]);
            a2 = TLanes.MultiplyAdd(s, u, a2);
            b2 = TLanes.MultiplyAdd(s, v, b2);
            s = TLanes.Broadcast(x3[k + 1]);
            a3 = TLanes.MultiplyAdd(s, u, a3);
            b3 = TLanes.MultiplyAdd(s, v, b3);
            w += F32Panels.PairBytes;
        }

        if (k < inputs)
        {
            var u = F32Panels.Even<TLanes>(w, 0);
            var v = F32Panels.Even<TLanes>(w, 1);
            var s = TLanes.Broadcast(x[k]);
            a0 = TLanes.MultiplyAdd(s, u, a0);
            b0 = TLanes.MultiplyAdd(s, v, b0);
            s = TLanes.Broadcast(x1[k]);
            a1 = TLanes.MultiplyAdd(s, u, a1);
            b1 = TLanes.MultiplyAdd(s, v, b1);
            s = TLanes.Broadcast(x2[k]);
            a2 = TLanes.MultiplyAdd(s, u, a2);
            b2 = TLanes.MultiplyAdd(s, v, b2);
            s = TLanes.Broadcast(x3[k]);
            a3 = TLanes.MultiplyAdd(s, u, a3);
            b3 = TLanes.MultiplyAdd(s, v, b3);
        }

        TLanes.Store(y, a0);
        TLanes.Store(y + 16, b0);
        TLanes.Store(y + ldy, a1);
        TLanes.Store(y + ldy + 16, b1);
        TLanes.Store(y + (2 * ldy), a2);
        TLanes.Store(y + (2 * ldy) + 16, b2);
        TLanes.Store(y + (3 * ldy), a3);
        TLanes.Store(y + (3 * ldy) + 16, b3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchPair(byte* w)
    {
        for (var line = 0; line < F32Panels.PairBytes; line += 64) TLanes.Prefetch(w + PrefetchBytes + line);
    }
}
