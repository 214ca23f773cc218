using System.Runtime.CompilerServices;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu.Kernels;

/// <summary>The tiles of prefill: as many accumulators as there are registers.</summary>
internal static unsafe partial class ProductTiles<TLanes>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows12(float* x, nint ldx, byte* w, int inputs, float* y, nint ldy)
    {
        var x1 = x + ldx;
        var x2 = x + (2 * ldx);
        var x3 = x + (3 * ldx);
        var x4 = x + (4 * ldx);
        var x5 = x + (5 * ldx);
        var x6 = x + (6 * ldx);
        var x7 = x + (7 * ldx);
        var x8 = x + (8 * ldx);
        var x9 = x + (9 * ldx);
        var x10 = x + (10 * ldx);
        var x11 = x + (11 * ldx);
        TLanes a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero, a4 = TLanes.Zero, a5 = TLanes.Zero;
        TLanes a6 = TLanes.Zero, a7 = TLanes.Zero, a8 = TLanes.Zero, a9 = TLanes.Zero, a10 = TLanes.Zero, a11 = TLanes.Zero;
        TLanes b0 = TLanes.Zero, b1 = TLanes.Zero, b2 = TLanes.Zero, b3 = TLanes.Zero, b4 = TLanes.Zero, b5 = TLanes.Zero;
        TLanes b6 = TLanes.Zero, b7 = TLanes.Zero, b8 = TLanes.Zero, b9 = TLanes.Zero, b10 = TLanes.Zero, b11 = TLanes.Zero;
        var k = 0;
        for (; k < inputs - 1; k += 2)
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
            s = TLanes.Broadcast(x4[k]);
            a4 = TLanes.MultiplyAdd(s, u, a4);
            b4 = TLanes.MultiplyAdd(s, v, b4);
            s = TLanes.Broadcast(x5[k]);
            a5 = TLanes.MultiplyAdd(s, u, a5);
            b5 = TLanes.MultiplyAdd(s, v, b5);
            s = TLanes.Broadcast(x6[k]);
            a6 = TLanes.MultiplyAdd(s, u, a6);
            b6 = TLanes.MultiplyAdd(s, v, b6);
            s = TLanes.Broadcast(x7[k]);
            a7 = TLanes.MultiplyAdd(s, u, a7);
            b7 = TLanes.MultiplyAdd(s, v, b7);
            s = TLanes.Broadcast(x8[k]);
            a8 = TLanes.MultiplyAdd(s, u, a8);
            b8 = TLanes.MultiplyAdd(s, v, b8);
            s = TLanes.Broadcast(x9[k]);
            a9 = TLanes.MultiplyAdd(s, u, a9);
            b9 = TLanes.MultiplyAdd(s, v, b9);
            s = TLanes.Broadcast(x10[k]);
            a10 = TLanes.MultiplyAdd(s, u, a10);
            b10 = TLanes.MultiplyAdd(s, v, b10);
            s = TLanes.Broadcast(x11[k]);
            a11 = TLanes.MultiplyAdd(s, u, a11);
            b11 = TLanes.MultiplyAdd(s, v, b11);
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
            s = TLanes.Broadcast(x4[k + 1]);
            a4 = TLanes.MultiplyAdd(s, u, a4);
            b4 = TLanes.MultiplyAdd(s, v, b4);
            s = TLanes.Broadcast(x5[k + 1]);
            a5 = TLanes.MultiplyAdd(s, u, a5);
            b5 = TLanes.MultiplyAdd(s, v, b5);
            s = TLanes.Broadcast(x6[k + 1]);
            a6 = TLanes.MultiplyAdd(s, u, a6);
            b6 = TLanes.MultiplyAdd(s, v, b6);
            s = TLanes.Broadcast(x7[k + 1]);
            a7 = TLanes.MultiplyAdd(s, u, a7);
            b7 = TLanes.MultiplyAdd(s, v, b7);
            s = TLanes.Broadcast(x8[k + 1]);
            a8 = TLanes.MultiplyAdd(s, u, a8);
            b8 = TLanes.MultiplyAdd(s, v, b8);
            s = TLanes.Broadcast(x9[k + 1]);
            a9 = TLanes.MultiplyAdd(s, u, a9);
            b9 = TLanes.MultiplyAdd(s, v, b9);
            s = TLanes.Broadcast(x10[k + 1]);
            a10 = TLanes.MultiplyAdd(s, u, a10);
            b10 = TLanes.MultiplyAdd(s, v, b10);
            s = TLanes.Broadcast(x11[k + 1]);
            a11 = TLanes.MultiplyAdd(s, u, a11);
            b11 = TLanes.MultiplyAdd(s, v, b11);
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
            s = TLanes.Broadcast(x4[k]);
            a4 = TLanes.MultiplyAdd(s, u, a4);
            b4 = TLanes.MultiplyAdd(s, v, b4);
            s = TLanes.Broadcast(x5[k]);
            a5 = TLanes.MultiplyAdd(s, u, a5);
            b5 = TLanes.MultiplyAdd(s, v, b5);
            s = TLanes.Broadcast(x6[k]);
            a6 = TLanes.MultiplyAdd(s, u, a6);
            b6 = TLanes.MultiplyAdd(s, v, b6);
            s = TLanes.Broadcast(x7[k]);
            a7 = TLanes.MultiplyAdd(s, u, a7);
            b7 = TLanes.MultiplyAdd(s, v, b7);
            s = TLanes.Broadcast(x8[k]);
            a8 = TLanes.MultiplyAdd(s, u, a8);
            b8 = TLanes.MultiplyAdd(s, v, b8);
            s = TLanes.Broadcast(x9[k]);
            a9 = TLanes.MultiplyAdd(s, u, a9);
            b9 = TLanes.MultiplyAdd(s, v, b9);
            s = TLanes.Broadcast(x10[k]);
            a10 = TLanes.MultiplyAdd(s, u, a10);
            b10 = TLanes.MultiplyAdd(s, v, b10);
            s = TLanes.Broadcast(x11[k]);
            a11 = TLanes.MultiplyAdd(s, u, a11);
            b11 = TLanes.MultiplyAdd(s, v, b11);
        }

        TLanes.Store(y, a0);
        TLanes.Store(y + 16, b0);
        TLanes.Store(y + ldy, a1);
        TLanes.Store(y + ldy + 16, b1);
        TLanes.Store(y + (2 * ldy), a2);
        TLanes.Store(y + (2 * ldy) + 16, b2);
        TLanes.Store(y + (3 * ldy), a3);
        TLanes.Store(y + (3 * ldy) + 16, b3);
        TLanes.Store(y + (4 * ldy), a4);
        TLanes.Store(y + (4 * ldy) + 16, b4);
        TLanes.Store(y + (5 * ldy), a5);
        TLanes.Store(y + (5 * ldy) + 16, b5);
        TLanes.Store(y + (6 * ldy), a6);
        TLanes.Store(y + (6 * ldy) + 16, b6);
        TLanes.Store(y + (7 * ldy), a7);
        TLanes.Store(y + (7 * ldy) + 16, b7);
        TLanes.Store(y + (8 * ldy), a8);
        TLanes.Store(y + (8 * ldy) + 16, b8);
        TLanes.Store(y + (9 * ldy), a9);
        TLanes.Store(y + (9 * ldy) + 16, b9);
        TLanes.Store(y + (10 * ldy), a10);
        TLanes.Store(y + (10 * ldy) + 16, b10);
        TLanes.Store(y + (11 * ldy), a11);
        TLanes.Store(y + (11 * ldy) + 16, b11);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows6Half(float* x, nint ldx, byte* w, int inputs, float* y, nint ldy, int half)
    {
        var x1 = x + ldx;
        var x2 = x + (2 * ldx);
        var x3 = x + (3 * ldx);
        var x4 = x + (4 * ldx);
        var x5 = x + (5 * ldx);
        TLanes a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero;
        TLanes a3 = TLanes.Zero, a4 = TLanes.Zero, a5 = TLanes.Zero;
        var k = 0;
        for (; k < inputs - 1; k += 2)
        {
            var u = F32Panels.Even<TLanes>(w, half);
            a0 = TLanes.MultiplyAdd(TLanes.Broadcast(x[k]), u, a0);
            a1 = TLanes.MultiplyAdd(TLanes.Broadcast(x1[k]), u, a1);
            a2 = TLanes.MultiplyAdd(TLanes.Broadcast(x2[k]), u, a2);
            a3 = TLanes.MultiplyAdd(TLanes.Broadcast(x3[k]), u, a3);
            a4 = TLanes.MultiplyAdd(TLanes.Broadcast(x4[k]), u, a4);
            a5 = TLanes.MultiplyAdd(TLanes.Broadcast(x5[k]), u, a5);
            u = F32Panels.Odd<TLanes>(w, half);
            a0 = TLanes.MultiplyAdd(TLanes.Broadcast(x[k + 1]), u, a0);
            a1 = TLanes.MultiplyAdd(TLanes.Broadcast(x1[k + 1]), u, a1);
            a2 = TLanes.MultiplyAdd(TLanes.Broadcast(x2[k + 1]), u, a2);
            a3 = TLanes.MultiplyAdd(TLanes.Broadcast(x3[k + 1]), u, a3);
            a4 = TLanes.MultiplyAdd(TLanes.Broadcast(x4[k + 1]), u, a4);
            a5 = TLanes.MultiplyAdd(TLanes.Broadcast(x5[k + 1]), u, a5);
            w += F32Panels.PairBytes;
        }

        if (k < inputs)
        {
            var u = F32Panels.Even<TLanes>(w, half);
            a0 = TLanes.MultiplyAdd(TLanes.Broadcast(x[k]), u, a0);
            a1 = TLanes.MultiplyAdd(TLanes.Broadcast(x1[k]), u, a1);
            a2 = TLanes.MultiplyAdd(TLanes.Broadcast(x2[k]), u, a2);
            a3 = TLanes.MultiplyAdd(TLanes.Broadcast(x3[k]), u, a3);
            a4 = TLanes.MultiplyAdd(TLanes.Broadcast(x4[k]), u, a4);
            a5 = TLanes.MultiplyAdd(TLanes.Broadcast(x5[k]), u, a5);
        }

        TLanes.Store(y + (half * 16), a0);
        TLanes.Store(y + ldy + (half * 16), a1);
        TLanes.Store(y + (2 * ldy) + (half * 16), a2);
        TLanes.Store(y + (3 * ldy) + (half * 16), a3);
        TLanes.Store(y + (4 * ldy) + (half * 16), a4);
        TLanes.Store(y + (5 * ldy) + (half * 16), a5);
    }
}
