using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceServer.Models.Decoding;

/// <summary>Ids in order of falling logits, the smaller id first among equals.</summary>
internal static class Ranking
{
    // Beyond this, sorting everything is cheaper than a heap.
    private const int LargestHeap = 1024;

    /// <summary>The ids of the <paramref name="count"/> largest logits.</summary>
    public static int[] Top(ReadOnlySpan<float> logits, int count)
    {
        count = Math.Min(count, logits.Length);
        if (count > LargestHeap) return From(logits, float.NegativeInfinity)[..count];

        var heap = new PriorityQueue<int, (float, int)>(count + 1);
        for (var id = 0; id < count; id++) heap.Enqueue(id, (logits[id], -id));
        for (var id = NextAbove(logits, count, Floor(logits, heap)); id < logits.Length; id = NextAbove(logits, id + 1, Floor(logits, heap)))
            heap.EnqueueDequeue(id, (logits[id], -id));

        var ids = new int[heap.Count];
        for (var i = ids.Length - 1; i >= 0; i--) ids[i] = heap.Dequeue();
        return ids;
    }

    /// <summary>The ids of all logits that are at least <paramref name="cutoff"/>.</summary>
    public static int[] From(ReadOnlySpan<float> logits, float cutoff)
    {
        var ids = new List<int>();
        var below = MathF.BitDecrement(cutoff);
        if (float.IsNegativeInfinity(cutoff)) ids.AddRange(Enumerable.Range(0, logits.Length));
        else for (var id = NextAbove(logits, 0, below); id < logits.Length; id = NextAbove(logits, id + 1, below)) ids.Add(id);

        var keys = new float[ids.Count];
        var sorted = ids.ToArray();
        for (var i = 0; i < keys.Length; i++) keys[i] = -logits[sorted[i]];
        Array.Sort(keys, sorted);
        // Array.Sort is not stable: put runs of equal logits back in order of id.
        for (var start = 0; start < sorted.Length;)
        {
            var end = start + 1;
            while (end < sorted.Length && keys[end] == keys[start]) end++;
            if (end - start > 1) Array.Sort(sorted, start, end - start);
            start = end;
        }

        return sorted;
    }

    /// <summary>How many logits are larger.</summary>
    public static int CountAbove(ReadOnlySpan<float> logits, float floor)
    {
        ref var first = ref MemoryMarshal.GetReference(logits);
        var floors = Vector512.Create(floor);
        var (count, id) = (0, 0);
        for (; id <= logits.Length - Vector512<float>.Count; id += Vector512<float>.Count)
            count += System.Numerics.BitOperations.PopCount(Vector512.GreaterThan(Vector512.LoadUnsafe(ref first, (nuint)id), floors).ExtractMostSignificantBits());
        foreach (var logit in logits[id..]) count += logit > floor ? 1 : 0;
        return count;
    }

    private static float Floor(ReadOnlySpan<float> logits, PriorityQueue<int, (float, int)> heap) => logits[heap.Peek()];

    /// <summary>The first id from <paramref name="id"/> on whose logit is above the floor, or the length.</summary>
    private static int NextAbove(ReadOnlySpan<float> logits, int id, float floor)
    {
        ref var first = ref MemoryMarshal.GetReference(logits);
        var floors = Vector512.Create(floor);
        for (; id <= logits.Length - Vector512<float>.Count; id += Vector512<float>.Count)
        {
            var above = Vector512.GreaterThan(Vector512.LoadUnsafe(ref first, (nuint)id), floors).ExtractMostSignificantBits();
            if (above != 0) return id + System.Numerics.BitOperations.TrailingZeroCount(above);
        }

        while (id < logits.Length && logits[id] <= floor) id++;
        return id;
    }
}
