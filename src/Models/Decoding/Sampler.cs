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

        var logSum = allowed[best] + Math.Log(Exponentials.Sum(allowed, allowed[best]));
        var top = Top(allowed, spec.TopLogprobs, logSum);
        if (spec.Given is { } given) return Score(allowed, given, logSum, top, mix);
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

    // Beyond the limit of a vocabulary a token has no probability at all.
    private static HeadResult Score(ReadOnlySpan<float> logits, int given, double logSum, TokenLogprob[] top, float mix)
    {
        var logit = given < logits.Length ? logits[given] : float.NegativeInfinity;
        return new HeadResult(given, (float)(logit - logSum), top, mix, true) { Rank = 1 + Ranking.CountAbove(logits, logit) };
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

    private static TokenLogprob[] Top(ReadOnlySpan<float> logits, int count, double logSum)
    {
        if (count <= 0) return [];
        var result = new List<TokenLogprob>(count);
        foreach (var id in Ranking.Top(logits, count))
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
        var max = TensorPrimitives.Max(logits);
        var order = spec.TopK > 0 ? Ranking.Top(logits, spec.TopK) : Ranking.From(logits, Cutoff(logits, max, spec));
        var weights = Weights(logits, order, max, spec.Temperature);
        var total = spec.TopK > 0 ? TensorPrimitives.Sum<double>(weights) : Exponentials.Sum(logits, max, spec.Temperature);
        return Pick(order, weights, Kept(weights, total, spec), spec);
    }

    // A logit below which neither top-p nor min-p keeps anything, so that mostly few of a vocabulary are sorted.
    private static float Cutoff(ReadOnlySpan<float> logits, float max, SampleSpec spec)
    {
        // Rounding on the way to a weight and back is far below this.
        const float Slack = 0.001f;
        var exponent = spec.MinP > 0 ? MathF.Log(spec.MinP) - Slack : Exponentials.Least;
        if (spec.TopP < 1)
        {
            var needed = Exponentials.Sum(logits, max, spec.Temperature) * spec.TopP;
            var reach = -2f;
            while (reach > exponent && Exponentials.Sum(logits, max, spec.Temperature, reach) <= needed) reach -= 1;
            exponent = MathF.Max(exponent, reach - Slack);
        }

        return exponent <= Exponentials.Least ? float.NegativeInfinity : max + (exponent * spec.Temperature);
    }

    private static double[] Weights(ReadOnlySpan<float> logits, int[] order, float max, float temperature)
    {
        var sorted = new float[order.Length];
        for (var i = 0; i < order.Length; i++) sorted[i] = logits[order[i]];
        Exponentials.Write(sorted, max, temperature, sorted);
        return Array.ConvertAll(sorted, weight => (double)weight);
    }

    private static int Kept(double[] weights, double total, SampleSpec spec)
    {
        var kept = weights.Length;
        if (spec.TopP < 1)
        {
            var mass = 0.0;
            for (kept = 0; kept < weights.Length && (kept == 0 || mass < spec.TopP * total); kept++) mass += weights[kept];
        }

        if (spec.MinP > 0)
        {
            while (kept > 1 && weights[kept - 1] < spec.MinP * weights[0]) kept--;
        }

        // Rounding may leave a little of the draw at the end of the list: it must not fall to a token of no weight.
        while (kept > 1 && weights[kept - 1] == 0) kept--;
        return kept;
    }

    private static int Pick(int[] order, double[] weights, int kept, SampleSpec spec)
    {
        var total = 0.0;
        for (var i = 0; i < kept; i++) total += weights[i];
        var draw = CounterRandom.Uniform(spec.Seed, spec.Stream, spec.Index) * total;
        for (var i = 0; i < kept - 1; i++)
        {
            draw -= weights[i];
            if (draw < 0) return order[i];
        }

        return order[kept - 1];
    }

    // Nothing is cut, so nothing needs sorting: the draw falls on the tokens in order of id, first on a part of the
    // vocabulary, then within it.
    private static int DrawFromAll(ReadOnlySpan<float> logits, SampleSpec spec)
    {
        const int Part = 512;
        var max = TensorPrimitives.Max(logits);
        var parts = (logits.Length + Part - 1) / Part;
        var sums = ArrayPool<double>.Shared.Rent(parts);
        var total = 0.0;
        for (var part = 0; part < parts; part++)
            total += sums[part] = Exponentials.Sum(Of(logits, part), max, spec.Temperature);

        var draw = CounterRandom.Uniform(spec.Seed, spec.Stream, spec.Index) * total;
        var last = -1;
        Span<float> weights = stackalloc float[Part];
        for (var part = 0; part < parts; part++)
        {
            if (sums[part] == 0) continue;
            last = part;
            if (draw < sums[part]) break;
            draw -= sums[part];
        }

        ArrayPool<double>.Shared.Return(sums);
        var ids = Of(logits, last);
        Exponentials.Write(ids, max, spec.Temperature, weights);
        var token = 0;
        for (var id = 0; id < ids.Length; id++)
        {
            if (weights[id] == 0) continue;
            token = id;
            draw -= weights[id];
            if (draw < 0) break;
        }

        return (last * Part) + token;

        static ReadOnlySpan<float> Of(ReadOnlySpan<float> logits, int part) => logits.Slice(part * Part, Math.Min(Part, logits.Length - (part * Part)));
    }
}
