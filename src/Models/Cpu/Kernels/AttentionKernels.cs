using System.Runtime.CompilerServices;
using InferenceServer.Models.Cpu.Lanes;

namespace InferenceServer.Models.Cpu.Kernels;

/// <summary>
/// The three passes of attention for a few queries over paged keys and values. A score is one chain over the head's
/// dimensions, an output one chain over positions in rising order: neither knows pages, chunks or other queries.
/// </summary>
internal static unsafe class AttentionKernels<TLanes>
    where TLanes : unmanaged, ILanes<TLanes>
{
    private const int Lanes = 16;

    /// <summary>Scores of <paramref name="queries"/> rows [headDim] against sixteen keys, stored [headDim][16].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scores(float* q, nint ldq, int queries, float* keys, int headDim, float* scores, nint ldScores)
    {
        for (; queries >= 4; queries -= 4)
        {
            TLanes s0 = TLanes.Zero, s1 = TLanes.Zero, s2 = TLanes.Zero, s3 = TLanes.Zero;
            for (var d = 0; d < headDim; d++)
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
            q += 4 * ldq;
            scores += 4 * ldScores;
        }

        for (; queries > 0; queries--)
        {
            var s0 = TLanes.Zero;
            for (var d = 0; d < headDim; d++) s0 = TLanes.MultiplyAdd(TLanes.Broadcast(q[d]), TLanes.Load(keys + (d * Lanes)), s0);
            TLanes.Store(scores, s0);
            q += ldq;
            scores += ldScores;
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

    /// <summary>
    /// out[q] += Σ p[q][i] · V[i] over <paramref name="count"/> consecutive positions, V [count][width] with width a
    /// multiple of 16. The sums go on from what is in <paramref name="output"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Accumulate(float* p, nint ldp, int queries, float* values, int count, int width, float* output, nint ldo)
    {
        for (; queries >= 4; queries -= 4)
        {
            for (var d = 0; d < width; d += Lanes)
            {
                TLanes a0 = TLanes.Load(output + d), a1 = TLanes.Load(output + ldo + d);
                TLanes a2 = TLanes.Load(output + (2 * ldo) + d), a3 = TLanes.Load(output + (3 * ldo) + d);
                var v = values + d;
                for (var i = 0; i < count; i++)
                {
                    var value = TLanes.Load(v);
                    a0 = TLanes.MultiplyAdd(TLanes.Broadcast(p[i]), value, a0);
                    a1 = TLanes.MultiplyAdd(TLanes.Broadcast(p[ldp + i]), value, a1);
                    a2 = TLanes.MultiplyAdd(TLanes.Broadcast(p[(2 * ldp) + i]), value, a2);
                    a3 = TLanes.MultiplyAdd(TLanes.Broadcast(p[(3 * ldp) + i]), value, a3);
                    v += width;
                }

                TLanes.Store(output + d, a0);
                TLanes.Store(output + ldo + d, a1);
                TLanes.Store(output + (2 * ldo) + d, a2);
                TLanes.Store(output + (3 * ldo) + d, a3);
            }

            p += 4 * ldp;
            output += 4 * ldo;
        }

        for (; queries > 0; queries--)
        {
            for (var d = 0; d < width; d += Lanes)
            {
                var a0 = TLanes.Load(output + d);
                var v = values + d;
                for (var i = 0; i < count; i++, v += width) a0 = TLanes.MultiplyAdd(TLanes.Broadcast(p[i]), TLanes.Load(v), a0);
                TLanes.Store(output + d, a0);
            }

            p += ldp;
            output += ldo;
        }
    }
}
