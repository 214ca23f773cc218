using System.Runtime.CompilerServices;
using InferenceServer.Models.Cpu.Lanes;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu.Kernels;

/// <summary>
/// Products of one strip in a quantised format with a few rows. Every one of them sums a block's products as integers and
/// adds float(sum) · (weight scale · activation scale) block by block, first to last: a row's bits do not depend on which
/// was chosen.
/// </summary>
internal static unsafe class BlockTiles<TDots, TBlocks>
    where TDots : unmanaged, IDots<TDots>
    where TBlocks : struct, IWeightBlocks
{
    private const int GroupBytes = 4 * IStripPacker.StripOutputs;
    private const int HalfBytes = GroupBytes / 2;

    // Far enough ahead for memory to answer, near enough to stay in the first-level cache.
    private const int PrefetchBytes = 6144;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows1(byte* x, byte* w, int blocks, float* y)
    {
        TDots total0 = TDots.Zero, total1 = TDots.Zero;
        for (; blocks > 0; blocks--, x += ActivationBlocks.BlockBytes)
        {
            var start = TDots.Create(ActivationBlocks.Bias(x));
            var (sum0, sum1) = (start, start);
            for (var group = 0; group < TBlocks.Groups; group++, w += GroupBytes)
            {
                Prefetch(w, 2);
                sum0 = TBlocks.Add(sum0, TDots.Load(w), (int*)x, group);
                sum1 = TBlocks.Add(sum1, TDots.Load(w + HalfBytes), (int*)x, group);
            }

            Prefetch(w, 1);
            var scales = TDots.Load(w);
            total0 = TDots.Accumulate(total0, sum0, TDots.LowScales(scales), ActivationBlocks.Scale(x));
            total1 = TDots.Accumulate(total1, sum1, TDots.HighScales(scales), ActivationBlocks.Scale(x));
            w += WeightBlocks.ScaleBytes;
        }

        TDots.Store(y, total0);
        TDots.Store(y + IDots<TDots>.Count, total1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows2(byte* x, nint ldx, byte* w, int blocks, float* y, nint ldy)
    {
        TDots a0 = TDots.Zero, a1 = TDots.Zero, b0 = TDots.Zero, b1 = TDots.Zero;
        for (; blocks > 0; blocks--, x += ActivationBlocks.BlockBytes)
        {
            var next = x + ldx;
            var start = TDots.Create(ActivationBlocks.Bias(x));
            var (sumA0, sumA1) = (start, start);
            start = TDots.Create(ActivationBlocks.Bias(next));
            var (sumB0, sumB1) = (start, start);
            for (var group = 0; group < TBlocks.Groups; group++, w += GroupBytes)
            {
                Prefetch(w, 2);
                var raw = TDots.Load(w);
                sumA0 = TBlocks.Add(sumA0, raw, (int*)x, group);
                sumB0 = TBlocks.Add(sumB0, raw, (int*)next, group);
                raw = TDots.Load(w + HalfBytes);
                sumA1 = TBlocks.Add(sumA1, raw, (int*)x, group);
                sumB1 = TBlocks.Add(sumB1, raw, (int*)next, group);
            }

            Prefetch(w, 1);
            var scales = TDots.Load(w);
            a0 = TDots.Accumulate(a0, sumA0, TDots.LowScales(scales), ActivationBlocks.Scale(x));
            b0 = TDots.Accumulate(b0, sumB0, TDots.LowScales(scales), ActivationBlocks.Scale(next));
            a1 = TDots.Accumulate(a1, sumA1, TDots.HighScales(scales), ActivationBlocks.Scale(x));
            b1 = TDots.Accumulate(b1, sumB1, TDots.HighScales(scales), ActivationBlocks.Scale(next));
            w += WeightBlocks.ScaleBytes;
        }

        TDots.Store(y, a0);
        TDots.Store(y + IDots<TDots>.Count, a1);
        TDots.Store(y + ldy, b0);
        TDots.Store(y + ldy + IDots<TDots>.Count, b1);
    }

    /// <summary>Sixteen outputs of four rows: the sums of all stay in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows4Half(byte* x, nint ldx, byte* w, int blocks, float* y, nint ldy, int half)
    {
        TDots a = TDots.Zero, b = TDots.Zero, c = TDots.Zero, d = TDots.Zero;
        var quants = w + (half * HalfBytes);
        for (; blocks > 0; blocks--, x += ActivationBlocks.BlockBytes)
        {
            var x1 = x + ldx;
            var x2 = x + (2 * ldx);
            var x3 = x + (3 * ldx);
            var sumA = TDots.Create(ActivationBlocks.Bias(x));
            var sumB = TDots.Create(ActivationBlocks.Bias(x1));
            var sumC = TDots.Create(ActivationBlocks.Bias(x2));
            var sumD = TDots.Create(ActivationBlocks.Bias(x3));
            for (var group = 0; group < TBlocks.Groups; group++, quants += GroupBytes)
            {
                Prefetch(quants, 1);
                var raw = TDots.Load(quants);
                sumA = TBlocks.Add(sumA, raw, (int*)x, group);
                sumB = TBlocks.Add(sumB, raw, (int*)x1, group);
                sumC = TBlocks.Add(sumC, raw, (int*)x2, group);
                sumD = TBlocks.Add(sumD, raw, (int*)x3, group);
            }

            var scales = TDots.Load(quants - (half * HalfBytes));
            scales = half == 0 ? TDots.LowScales(scales) : TDots.HighScales(scales);
            a = TDots.Accumulate(a, sumA, scales, ActivationBlocks.Scale(x));
            b = TDots.Accumulate(b, sumB, scales, ActivationBlocks.Scale(x1));
            c = TDots.Accumulate(c, sumC, scales, ActivationBlocks.Scale(x2));
            d = TDots.Accumulate(d, sumD, scales, ActivationBlocks.Scale(x3));
            quants += WeightBlocks.ScaleBytes;
        }

        y += half * IDots<TDots>.Count;
        TDots.Store(y, a);
        TDots.Store(y + ldy, b);
        TDots.Store(y + (2 * ldy), c);
        TDots.Store(y + (3 * ldy), d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* w, int lines)
    {
        TDots.Prefetch(w + PrefetchBytes);
        if (lines > 1) TDots.Prefetch(w + PrefetchBytes + 64);
    }
}
