using System.Buffers;
using System.Numerics.Tensors;

namespace InferenceServer.Models.Decoding;

/// <summary>Turns one row of logits into a token on the host. The same arithmetic for every engine that samples on the CPU.</summary>
public static class Sampler
{
    /// <summary>Draws by <paramref name="spec"/>; <paramref name="logits"/> ([vocabulary]) is used as scratch.</summary>
    public static HeadResult Sample(Span<float> logits, SampleSpec spec, float mix = 0)
    {
        if (!TensorPrimitives.IsFiniteAll<float>(logits)) return new HeadResult(0, float.NaN, [], mix, false);

        Forbid(logits, spec.Bias);
        var allowed = spec.VocabularyLimit > 0 ? logits[..Math.Min(spec.VocabularyLimit, logits.Length)] : logits;
        var best = TensorPrimitives.IndexOfMax<float>(allowed);
        if (float.IsNegativeInfinity(allowed[best])) return new HeadResult(0, float.NaN, [], mix, false);

        var logSum = LogSumExp(allowed, allowed[best]);
        var top = Top(allowed, spec.TopLogprobs, logSum);
        if (spec.Penalties is null && spec.Bias is null && spec.Allowed is null)
        {
            var plain = spec.Temperature > 0 ? Draw(allowed, spec) : best;
            return new HeadResult(plain, (float)(allowed[plain] - logSum), top, mix, true);
        }

        // Log-probabilities are of what the model said, not of what the request made of it.
        var raw = ArrayPool<float>.Shared.Rent(allowed.Length);
        allowed.CopyTo(raw);
        AddBias(allowed, spec.Bias);
        spec.Penalties?.Apply(allowed);
        spec.Allowed?.Apply(allowed);
        var token = spec.Temperature > 0 ? Draw(allowed, spec) : TensorPrimitives.IndexOfMax<float>(allowed);
        var possible = !float.IsNegativeInfinity(allowed[token]);
        var logprob = (float)(raw[token] - logSum);
        ArrayPool<float>.Shared.Return(raw);
        return new HeadResult(token, logprob, top, mix, possible);
    }

    private static void Forbid(Span<float> logits, IReadOnlyDictionary<int, float>? bias)
    {
        if (bias is null) return;
        foreach (var (id, value) in bias)
        {
            if (float.IsNegativeInfinity(value)) logits[id] = value;
        }
    }

    private static void AddBias(Span<float> logits, IReadOnlyDictionary<int, float>? bias)
    {
        if (bias is null) return;
        foreach (var (id, value) in bias)
        {
            if (id < logits.Length && float.IsFinite(value)) logits[id] += value;
        }
    }

    // Sums in double and in order of id: the same bits whatever the width of the machine's vectors.
    private static double LogSumExp(ReadOnlySpan<float> logits, float max)
    {
        var sum = 0.0;
        foreach (var logit in logits) sum += Math.Exp((double)logit - max);
        return max + Math.Log(sum);
    }

    private static TokenLogprob[] Top(ReadOnlySpan<float> logits, int count, double logSum)
    {
        if (count <= 0) return [];
        var result = new List<TokenLogprob>(count);
        foreach (var id in Descending(logits, count))
        {
            // A forbidden token is not among the likely ones, and its −∞ has no JSON.
            if (!float.IsNegativeInfinity(logits[id])) result.Add(new TokenLogprob(id, (float)(logits[id] - logSum)));
        }

        return [.. result];
    }

    private static int Draw(ReadOnlySpan<float> logits, SampleSpec spec)
    {
        if (spec is { TopK: 0, TopP: >= 1, MinP: <= 0 }) return DrawFromAll(logits, spec);

        // Candidates by falling probability, ties by id: top-k, top-p and min-p are all cuts of this order.
        var order = Descending(logits, spec.TopK > 0 ? spec.TopK : logits.Length);
        var max = logits[order[0]];
        var weights = new double[order.Length];
        var total = 0.0;
        for (var i = 0; i < order.Length; i++) total += weights[i] = Math.Exp(((double)logits[order[i]] - max) / spec.Temperature);

        var kept = order.Length;
        if (spec.TopP < 1)
        {
            var mass = 0.0;
            for (kept = 0; kept < order.Length && (kept == 0 || mass < spec.TopP * total); kept++) mass += weights[kept];
        }

        if (spec.MinP > 0)
        {
            while (kept > 1 && weights[kept - 1] < spec.MinP * weights[0]) kept--;
        }

        // Rounding may leave a little of the draw at the end of the list: it must not fall to a token of no weight.
        while (kept > 1 && weights[kept - 1] == 0) kept--;
        total = 0;
        for (var i = 0; i < kept; i++) total += weights[i];
        var draw = CounterRandom.Uniform(spec.Seed, spec.Stream, spec.Index) * total;
        for (var i = 0; i < kept - 1; i++)
        {
            draw -= weights[i];
            if (draw < 0) return order[i];
        }

        return order[kept - 1];
    }

    // Nothing is cut, so nothing needs sorting: the draw falls on the tokens in order of id.
    private static int DrawFromAll(ReadOnlySpan<float> logits, SampleSpec spec)
    {
        var max = TensorPrimitives.Max(logits);
        var total = 0.0;
        foreach (var logit in logits) total += Math.Exp(((double)logit - max) / spec.Temperature);
        var draw = CounterRandom.Uniform(spec.Seed, spec.Stream, spec.Index) * total;
        var last = 0;
        for (var id = 0; id < logits.Length; id++)
        {
            var weight = Math.Exp(((double)logits[id] - max) / spec.Temperature);
            if (weight == 0) continue;
            last = id;
            draw -= weight;
            if (draw < 0) return id;
        }

        return last;
    }

    /// <summary>The ids of the largest logits, largest first, the smaller id first among equals.</summary>
    private static int[] Descending(ReadOnlySpan<float> logits, int count)
    {
        count = Math.Min(count, logits.Length);
        if (count > 256) return SortAll(logits)[..count];

        var heap = new PriorityQueue<int, (float, int)>(count + 1);
        var floor = float.NegativeInfinity;
        for (var id = 0; id < logits.Length; id++)
        {
            if (heap.Count == count && logits[id] <= floor) continue;
            heap.Enqueue(id, (logits[id], -id));
            if (heap.Count > count) heap.Dequeue();
            if (heap.Count == count) floor = logits[heap.Peek()];
        }

        var ids = new int[heap.Count];
        for (var i = ids.Length - 1; i >= 0; i--) ids[i] = heap.Dequeue();
        return ids;
    }

    private static int[] SortAll(ReadOnlySpan<float> logits)
    {
        var keys = new float[logits.Length];
        var ids = new int[logits.Length];
        for (var i = 0; i < keys.Length; i++) (keys[i], ids[i]) = (-logits[i], i);
        Array.Sort(keys, ids);
        // Array.Sort is not stable: put runs of equal logits back in order of id.
        for (var start = 0; start < ids.Length;)
        {
            var end = start + 1;
            while (end < ids.Length && keys[end] == keys[start]) end++;
            if (end - start > 1) Array.Sort(ids, start, end - start);
            start = end;
        }

        return ids;
    }
}
