using System.Runtime.CompilerServices;
using InferenceServer.Models.Cpu.Lanes;

namespace InferenceServer.Models.Cpu.Kernels;

/// <summary>
/// Scores and weights of attention for a few queries over paged keys. A score is one chain over the head's dimensions:
/// it knows neither pages nor chunks nor other queries.
/// </summary>
internal static unsafe class AttentionKernels<TLanes>
    where TLanes : unmanaged, ILanes<TLanes>
{
    private const int Lanes = 16;

    /// <summary>
    /// Scores of <paramref name="queries"/> rows [headDim] against tiles of sixteen keys, each [headDim][16]; those of tile i
    /// go to scores + at[i]. Where a page is no whole number of tiles, the next tile's scores overwrite what is beyond it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scores(float* q, nint ldq, int queries, float** tiles, int* at, int count, int headDim, float* scores, nint ldScores)
    {
        var tile = 0;
        for (; tile <= count - 4; tile += 4)
        {
            var query = 0;
            if (TLanes.Path == KernelPath.Avx512)
            {
                for (; query <= queries - 4; query += 4)
                    FourOnFour(q + (query * ldq), ldq, tiles + tile, at + tile, headDim, scores + (query * ldScores), ldScores);
            }

            for (; query < queries; query++) OneOnFour(q + (query * ldq), tiles + tile, at + tile, headDim, scores + (query * ldScores));
        }

        for (; tile < count; tile++)
        {
            var query = 0;
            for (; query <= queries - 4; query += 4)
                FourOnOne(q + (query * ldq), ldq, tiles[tile], headDim, scores + (query * ldScores) + at[tile], ldScores);
            for (; query < queries; query++) OneOnOne(q + (query * ldq), tiles[tile], headDim, scores + (query * ldScores) + at[tile]);
        }
    }

    /// <summary>
    /// Turns <paramref name="length"/> scores into e^(s − max) and returns their sum. The buffer has room for
    /// fifteen more, which are overwritten.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Exponentials(float* scores, int length)
    {
        var padded = (length + Lanes - 1) / Lanes * Lanes;
        for (var i = length; i < padded; i++) scores[i] = float.NegativeInfinity;
        var largest = TLanes.Load(scores);
        for (var i = Lanes; i < padded; i += Lanes) largest = TLanes.AtLeast(TLanes.Load(scores + i), largest);
        var lanes = stackalloc float[Lanes];
        TLanes.Store(lanes, largest);
        var max = lanes[0];
        for (var i = 1; i < Lanes; i++) max = MathF.Max(max, lanes[i]);

        var shift = TLanes.Broadcast(max);
        var sum = TLanes.Zero;
        var block = 0;
        for (; block <= length - Lanes; block += Lanes)
        {
            var e = LaneMath<TLanes>.Exp(TLanes.Subtract(TLanes.Load(scores + block), shift));
            TLanes.Store(scores + block, e);
            sum = TLanes.Add(sum, e);
        }

        if (block < length)
        {
            TLanes.Store(scores + block, LaneMath<TLanes>.Exp(TLanes.Subtract(TLanes.Load(scores + block), shift)));
            for (var i = length; i < padded; i++) scores[i] = 0;
            sum = TLanes.Add(sum, TLanes.Load(scores + block));
        }

        return TLanes.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourOnFour(float* q, nint ldq, float** tiles, int* at, int headDim, float* scores, nint ldScores)
    {
        float* q1 = q + ldq, q2 = q + (2 * ldq), q3 = q + (3 * ldq);
        float* k0 = tiles[0], k1 = tiles[1], k2 = tiles[2], k3 = tiles[3];
        TLanes s00 = TLanes.Zero, s01 = TLanes.Zero, s02 = TLanes.Zero, s03 = TLanes.Zero;
        TLanes s10 = TLanes.Zero, s11 = TLanes.Zero, s12 = TLanes.Zero, s13 = TLanes.Zero;
        TLanes s20 = TLanes.Zero, s21 = TLanes.Zero, s22 = TLanes.Zero, s23 = TLanes.Zero;
        TLanes s30 = TLanes.Zero, s31 = TLanes.Zero, s32 = TLanes.Zero, s33 = TLanes.Zero;
        for (nint d = 0; d < headDim; d++)
        {
            TLanes key0 = TLanes.Load(k0 + (d * Lanes)), key1 = TLanes.Load(k1 + (d * Lanes));
            TLanes key2 = TLanes.Load(k2 + (d * Lanes)), key3 = TLanes.Load(k3 + (d * Lanes));
            var value = TLanes.Broadcast(q[d]);
            s00 = TLanes.MultiplyAdd(value, key0, s00);
            s01 = TLanes.MultiplyAdd(value, key1, s01);
            s02 = TLanes.MultiplyAdd(value, key2, s02);
            s03 = TLanes.MultiplyAdd(value, key3, s03);
            value = TLanes.Broadcast(q1[d]);
            s10 = TLanes.MultiplyAdd(value, key0, s10);
            s11 = TLanes.MultiplyAdd(value, key1, s11);
            s12 = TLanes.MultiplyAdd(value, key2, s12);
            s13 = TLanes.MultiplyAdd(value, key3, s13);
            value = TLanes.Broadcast(q2[d]);
            s20 = TLanes.MultiplyAdd(value, key0, s20);
            s21 = TLanes.MultiplyAdd(value, key1, s21);
            s22 = TLanes.MultiplyAdd(value, key2, s22);
            s23 = TLanes.MultiplyAdd(value, key3, s23);
            value = TLanes.Broadcast(q3[d]);
            s30 = TLanes.MultiplyAdd(value, key0, s30);
            s31 = TLanes.MultiplyAdd(value, key1, s31);
            s32 = TLanes.MultiplyAdd(value, key2, s32);
            s33 = TLanes.MultiplyAdd(value, key3, s33);
        }

        Store(scores, at, s00, s01, s02, s03);
        Store(scores + ldScores, at, s10, s11, s12, s13);
        Store(scores + (2 * ldScores), at, s20, s21, s22, s23);
        Store(scores + (3 * ldScores), at, s30, s31, s32, s33);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneOnFour(float* q, float** tiles, int* at, int headDim, float* scores)
    {
        float* k0 = tiles[0], k1 = tiles[1], k2 = tiles[2], k3 = tiles[3];
        TLanes s0 = TLanes.Zero, s1 = TLanes.Zero, s2 = TLanes.Zero, s3 = TLanes.Zero;
        for (nint d = 0; d < headDim; d++)
        {
            var value = TLanes.Broadcast(q[d]);
            s0 = TLanes.MultiplyAdd(value, TLanes.Load(k0 + (d * Lanes)), s0);
            s1 = TLanes.MultiplyAdd(value, TLanes.Load(k1 + (d * Lanes)), s1);
            s2 = TLanes.MultiplyAdd(value, TLanes.Load(k2 + (d * Lanes)), s2);
            s3 = TLanes.MultiplyAdd(value, TLanes.Load(k3 + (d * Lanes)), s3);
        }

        Store(scores, at, s0, s1, s2, s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourOnOne(float* q, nint ldq, float* keys, int headDim, float* scores, nint ldScores)
    {
        TLanes s0 = TLanes.Zero, s1 = TLanes.Zero, s2 = TLanes.Zero, s3 = TLanes.Zero;
        for (nint d = 0; d < headDim; d++)
        {
            var key = TLanes.Load(keys + (d * Lanes));
            s0 = TLanes.MultiplyAdd(TLanes.Broadcast(q[d]), key, s0);
            s1 = TLanes.MultiplyAdd(TLanes.Broadcast(q[ldq + d]), key, s1);
            s2 = TLanes.MultiplyAdd(TLanes.Broadcast(q[(2 * ldq) + d]), key, s2);
            s3 = TLanes.MultiplyAdd(TLanes.Broadcast(q[(3 * ldq) + d]), key, s3);
        }

        TLanes.Store(scores, s0);
        TLanes.Store(scores + ldScores, s1);
        TLanes.Store(scores + (2 * ldScores), s2);
        TLanes.Store(scores + (3 * ldScores), s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneOnOne(float* q, float* keys, int headDim, float* scores)
    {
        var s0 = TLanes.Zero;
        for (nint d = 0; d < headDim; d++) s0 = TLanes.MultiplyAdd(TLanes.Broadcast(q[d]), TLanes.Load(keys + (d * Lanes)), s0);
        TLanes.Store(scores, s0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* scores, int* at, TLanes s0, TLanes s1, TLanes s2, TLanes s3)
    {
        TLanes.Store(scores + at[0], s0);
        TLanes.Store(scores + at[1], s1);
        TLanes.Store(scores + at[2], s2);
        TLanes.Store(scores + at[3], s3);
    }
}
