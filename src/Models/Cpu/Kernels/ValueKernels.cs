using System.Runtime.CompilerServices;
using InferenceServer.Models.Cpu.Lanes;

namespace InferenceServer.Models.Cpu.Kernels;

/// <summary>
/// The last pass of attention: values weighed and summed. An output is one chain over positions in rising order: it knows
/// neither pages nor chunks nor other queries.
/// </summary>
internal static unsafe class ValueKernels<TLanes>
    where TLanes : unmanaged, ILanes<TLanes>
{
    private const int Lanes = 16;

    /// <summary>
    /// out[q] += Σ p[q][i] · V[i] over positions [from, to), counted from the first of <paramref name="pages"/>, each
    /// [pageTokens][width] with width a multiple of 16. The sums go on from what is in <paramref name="output"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Accumulate(
        float* p, nint ldp, int queries, float** pages, int pageTokens, int from, int to, int width, float* output, nint ldo)
    {
        var query = 0;
        for (; query <= queries - 4; query += 4)
        {
            float* weights = p + (query * ldp), sums = output + (query * ldo);
            var d = 0;
            if (TLanes.Path == KernelPath.Avx512)
            {
                for (; d <= width - (4 * Lanes); d += 4 * Lanes) FourByFour(weights, ldp, pages, pageTokens, from, to, width, d, sums + d, ldo);
            }

            for (; d < width; d += Lanes) FourByOne(weights, ldp, pages, pageTokens, from, to, width, d, sums + d, ldo);
        }

        for (; query < queries; query++)
        {
            float* weights = p + (query * ldp), sums = output + (query * ldo);
            var d = 0;
            for (; d <= width - (4 * Lanes); d += 4 * Lanes) OneByFour(weights, pages, pageTokens, from, to, width, d, sums + d);
            for (; d < width; d += Lanes) OneByOne(weights, pages, pageTokens, from, to, width, d, sums + d);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourByFour(
        float* p, nint ldp, float** pages, int pageTokens, int from, int to, int width, int d, float* output, nint ldo)
    {
        float* p1 = p + ldp, p2 = p + (2 * ldp), p3 = p + (3 * ldp);
        TLanes a00 = TLanes.Load(output), a01 = TLanes.Load(output + Lanes), a02 = TLanes.Load(output + (2 * Lanes)), a03 = TLanes.Load(output + (3 * Lanes));
        TLanes a10 = TLanes.Load(output + ldo), a11 = TLanes.Load(output + ldo + Lanes), a12 = TLanes.Load(output + ldo + (2 * Lanes)), a13 = TLanes.Load(output + ldo + (3 * Lanes));
        TLanes a20 = TLanes.Load(output + (2 * ldo)), a21 = TLanes.Load(output + (2 * ldo) + Lanes), a22 = TLanes.Load(output + (2 * ldo) + (2 * Lanes)), a23 = TLanes.Load(output + (2 * ldo) + (3 * Lanes));
        TLanes a30 = TLanes.Load(output + (3 * ldo)), a31 = TLanes.Load(output + (3 * ldo) + Lanes), a32 = TLanes.Load(output + (3 * ldo) + (2 * Lanes)), a33 = TLanes.Load(output + (3 * ldo) + (3 * Lanes));
        while (from < to)
        {
            var v = Values(pages, pageTokens, from, to, width, d, out var end);
            for (; from < end; from++, v += width)
            {
                TLanes v0 = TLanes.Load(v), v1 = TLanes.Load(v + Lanes);
                TLanes v2 = TLanes.Load(v + (2 * Lanes)), v3 = TLanes.Load(v + (3 * Lanes));
                var weight = TLanes.Broadcast(p[from]);
                a00 = TLanes.MultiplyAdd(weight, v0, a00);
                a01 = TLanes.MultiplyAdd(weight, v1, a01);
                a02 = TLanes.MultiplyAdd(weight, v2, a02);
                a03 = TLanes.MultiplyAdd(weight, v3, a03);
                weight = TLanes.Broadcast(p1[from]);
                a10 = TLanes.MultiplyAdd(weight, v0, a10);
                a11 = TLanes.MultiplyAdd(weight, v1, a11);
                a12 = TLanes.MultiplyAdd(weight, v2, a12);
                a13 = TLanes.MultiplyAdd(weight, v3, a13);
                weight = TLanes.Broadcast(p2[from]);
                a20 = TLanes.MultiplyAdd(weight, v0, a20);
                a21 = TLanes.MultiplyAdd(weight, v1, a21);
                a22 = TLanes.MultiplyAdd(weight, v2, a22);
                a23 = TLanes.MultiplyAdd(weight, v3, a23);
                weight = TLanes.Broadcast(p3[from]);
                a30 = TLanes.MultiplyAdd(weight, v0, a30);
                a31 = TLanes.MultiplyAdd(weight, v1, a31);
                a32 = TLanes.MultiplyAdd(weight, v2, a32);
                a33 = TLanes.MultiplyAdd(weight, v3, a33);
            }
        }

        TLanes.Store(output, a00);
        TLanes.Store(output + Lanes, a01);
        TLanes.Store(output + (2 * Lanes), a02);
        TLanes.Store(output + (3 * Lanes), a03);
        TLanes.Store(output + ldo, a10);
        TLanes.Store(output + ldo + Lanes, a11);
        TLanes.Store(output + ldo + (2 * Lanes), a12);
        TLanes.Store(output + ldo + (3 * Lanes), a13);
        TLanes.Store(output + (2 * ldo), a20);
        TLanes.Store(output + (2 * ldo) + Lanes, a21);
        TLanes.Store(output + (2 * ldo) + (2 * Lanes), a22);
        TLanes.Store(output + (2 * ldo) + (3 * Lanes), a23);
        TLanes.Store(output + (3 * ldo), a30);
        TLanes.Store(output + (3 * ldo) + Lanes, a31);
        TLanes.Store(output + (3 * ldo) + (2 * Lanes), a32);
        TLanes.Store(output + (3 * ldo) + (3 * Lanes), a33);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourByOne(
        float* p, nint ldp, float** pages, int pageTokens, int from, int to, int width, int d, float* output, nint ldo)
    {
        float* p1 = p + ldp, p2 = p + (2 * ldp), p3 = p + (3 * ldp);
        TLanes a00 = TLanes.Load(output);
        TLanes a10 = TLanes.Load(output + ldo);
        TLanes a20 = TLanes.Load(output + (2 * ldo));
        TLanes a30 = TLanes.Load(output + (3 * ldo));
        while (from < to)
        {
            var v = Values(pages, pageTokens, from, to, width, d, out var end);
            for (; from < end; from++, v += width)
            {
                var v0 = TLanes.Load(v);
                var weight = TLanes.Broadcast(p[from]);
                a00 = TLanes.MultiplyAdd(weight, v0, a00);
                weight = TLanes.Broadcast(p1[from]);
                a10 = TLanes.MultiplyAdd(weight, v0, a10);
                weight = TLanes.Broadcast(p2[from]);
                a20 = TLanes.MultiplyAdd(weight, v0, a20);
                weight = TLanes.Broadcast(p3[from]);
                a30 = TLanes.MultiplyAdd(weight, v0, a30);
            }
        }

        TLanes.Store(output, a00);
        TLanes.Store(output + ldo, a10);
        TLanes.Store(output + (2 * ldo), a20);
        TLanes.Store(output + (3 * ldo), a30);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneByFour(
        float* p, float** pages, int pageTokens, int from, int to, int width, int d, float* output)
    {
        TLanes a00 = TLanes.Load(output), a01 = TLanes.Load(output + Lanes), a02 = TLanes.Load(output + (2 * Lanes)), a03 = TLanes.Load(output + (3 * Lanes));
        while (from < to)
        {
            var v = Values(pages, pageTokens, from, to, width, d, out var end);
            for (; from < end; from++, v += width)
            {
                TLanes v0 = TLanes.Load(v), v1 = TLanes.Load(v + Lanes);
                TLanes v2 = TLanes.Load(v + (2 * Lanes)), v3 = TLanes.Load(v + (3 * Lanes));
                var weight = TLanes.Broadcast(p[from]);
                a00 = TLanes.MultiplyAdd(weight, v0, a00);
                a01 = TLanes.MultiplyAdd(weight, v1, a01);
                a02 = TLanes.MultiplyAdd(weight, v2, a02);
                a03 = TLanes.MultiplyAdd(weight, v3, a03);
            }
        }

        TLanes.Store(output, a00);
        TLanes.Store(output + Lanes, a01);
        TLanes.Store(output + (2 * Lanes), a02);
        TLanes.Store(output + (3 * Lanes), a03);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneByOne(
        float* p, float** pages, int pageTokens, int from, int to, int width, int d, float* output)
    {
        TLanes a00 = TLanes.Load(output);
        while (from < to)
        {
            var v = Values(pages, pageTokens, from, to, width, d, out var end);
            for (; from < end; from++, v += width)
            {
                var v0 = TLanes.Load(v);
                var weight = TLanes.Broadcast(p[from]);
                a00 = TLanes.MultiplyAdd(weight, v0, a00);
            }
        }

        TLanes.Store(output, a00);
    }

    // The values at a position, and where its page or the range ends.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Values(float** pages, int pageTokens, int from, int to, int width, int d, out int end)
    {
        var page = from / pageTokens;
        end = Math.Min(to, (page + 1) * pageTokens);
        return pages[page] + ((nint)(from - (page * pageTokens)) * width) + d;
    }
}
