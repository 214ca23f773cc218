using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Decoding;

/// <summary>The sampler against straightforward sums in double, and its draws against the distribution they should follow.</summary>
public class SamplerTests
{
    [Fact]
    public void Greedy_takes_the_largest_and_the_smallest_id_among_equals()
    {
        var random = new Random(1);
        for (var i = 0; i < 500; i++)
        {
            float[] logits = [.. Enumerable.Range(0, 1 + random.Next(300)).Select(_ => (float)random.Next(-3, 4) + 5)];
            Assert.Equal(Array.IndexOf(logits, logits.Max()), Sampler.Sample([.. logits], SampleSpec.Greedy).Token);
        }
    }

    [Fact]
    public void Logprobs_are_those_of_a_softmax_at_temperature_one()
    {
        var logits = Logits(2, 50);
        var sum = Math.Log(logits.Sum(logit => Math.Exp(logit)));
        var spec = new SampleSpec { Temperature = 0.3f, TopK = 2, TopLogprobs = 50, Seed = 4 };
        var result = Sampler.Sample([.. logits], spec);
        Assert.Equal(logits[result.Token] - sum, result.Logprob, 1e-5);
        Assert.Equal(logits.Select((logit, id) => (logit, id)).OrderByDescending(item => item.logit).Select(item => item.id), result.Top.Select(top => top.Token));
        Assert.All(result.Top, top => Assert.Equal(logits[top.Token] - sum, top.Logprob, 1e-5));
        Assert.Equal(3, Sampler.Sample([.. logits], spec with { TopLogprobs = 3 }).Top.Count);
    }

    [Fact]
    public void A_given_token_is_scored_and_ranked_and_nothing_is_drawn()
    {
        for (var seed = 1; seed < 20; seed++)
        {
            var logits = Logits(seed, 16 + seed);
            logits[3] = logits[5];
            var sum = Math.Log(logits.Sum(logit => Math.Exp(logit)));
            for (var id = 0; id < logits.Length; id++)
            {
                var result = Sampler.Sample([.. logits], new SampleSpec { Given = id, TopLogprobs = 2 });
                Assert.Equal((id, true), (result.Token, result.Finite));
                Assert.Equal(logits[id] - sum, result.Logprob, 1e-5);
                Assert.Equal(1 + logits.Count(logit => logit > logits[id]), result.Rank);
                Assert.Equal(2, result.Top.Count);
                if (result.Top.FirstOrDefault(top => top.Token == id) is { Logprob: < 0 } top) Assert.Equal(top.Logprob, result.Logprob);
            }
        }
    }

    [Fact]
    public void A_given_token_beyond_the_vocabulary_has_no_probability()
    {
        var spec = new SampleSpec { Given = 7, VocabularyLimit = 5, TopLogprobs = 9 };
        var result = Sampler.Sample([1, 2, 3, 4, 5, 60, 70, 80], spec);
        Assert.Equal((7, float.NegativeInfinity, 6, true), (result.Token, result.Logprob, result.Rank, result.Finite));
        Assert.Equal(5, result.Top.Count);
        Assert.Equal(float.NegativeInfinity, Sampler.Sample([1, 2], new SampleSpec { Given = 2 }).Logprob);
        Assert.Equal(0, Sampler.Sample([1, 2], SampleSpec.Greedy).Rank);
    }

    public static TheoryData<SampleSpec> Specs() =>
    [
        new SampleSpec { Temperature = 1 },
        new SampleSpec { Temperature = 0.5f },
        new SampleSpec { Temperature = 2, TopK = 5 },
        new SampleSpec { Temperature = 1, TopK = 1 },
        new SampleSpec { Temperature = 1, TopP = 0.7f },
        new SampleSpec { Temperature = 1, TopP = 0 },
        new SampleSpec { Temperature = 1, MinP = 0.2f },
        new SampleSpec { Temperature = 1, MinP = 1 },
        new SampleSpec { Temperature = 0.8f, TopK = 9, TopP = 0.9f, MinP = 0.05f },
        new SampleSpec { Temperature = 1, VocabularyLimit = 4 },
        new SampleSpec { Temperature = 1, Bias = new Dictionary<int, float> { [0] = 2, [3] = float.NegativeInfinity } },
    ];

    [Theory]
    [MemberData(nameof(Specs))]
    public void Draws_follow_the_distribution_that_is_left(SampleSpec spec)
    {
        const int Draws = 20_000;
        var logits = Logits(3, 12);
        var expected = Distribution(logits, spec);
        var counts = new int[logits.Length];
        for (var i = 0; i < Draws; i++) counts[Sampler.Sample([.. logits], spec with { Seed = 11, Index = (uint)i }).Token]++;
        var chiSquare = 0.0;
        for (var id = 0; id < counts.Length; id++)
        {
            if (expected[id] == 0) Assert.Equal(0, counts[id]);
            else chiSquare += Math.Pow(counts[id] - (Draws * expected[id]), 2) / (Draws * expected[id]);
        }

        // 11 degrees of freedom at most: beyond 31.3 in one of a thousand fair trials; the seed is fixed.
        Assert.InRange(chiSquare, 0, 31.3);
    }

    [Fact]
    public void A_large_vocabulary_is_cut_as_a_small_one()
    {
        var logits = Logits(4, 5000);
        var best = logits.Select((logit, id) => (logit, id)).OrderByDescending(item => item.logit).Select(item => item.id).ToList();
        foreach (var k in new[] { 2, 256, 257, 1000 })
        {
            var allowed = best.Take(k).ToHashSet();
            for (var i = 0; i < 200; i++)
                Assert.Contains(Sampler.Sample([.. logits], new SampleSpec { Temperature = 5, TopK = k, Index = (uint)i }).Token, allowed);
            Assert.Equal(best.Take(k), Sampler.Sample([.. logits], new SampleSpec { TopLogprobs = k }).Top.Select(top => top.Token));
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Numbers_that_are_not_finite_are_flagged(float bad) =>
        Assert.False(Sampler.Sample([1, bad, 2], new SampleSpec { Temperature = 1 }).Finite);

    [Fact]
    public void When_everything_is_forbidden_nothing_is_drawn() => Assert.False(
        Sampler.Sample([1, 2], new SampleSpec { VocabularyLimit = 1, Bias = new Dictionary<int, float> { [0] = float.NegativeInfinity } }).Finite);

    [Fact]
    public void Penalties_move_the_logits_as_their_definitions_say()
    {
        // Repetition 2: 3 → 1.5, −1 → −2; then count × 0.5 + 0.25 from what the channel has.
        float[] logits = [3, -1, 2, 0, 1];
        var penalties = new TokenPenalties(2, 0.5f, 0.25f, [0, 1, 99], new Dictionary<int, int> { [1] = 1, [2] = 3, [99] = 1 });
        penalties.Apply(logits);
        Assert.Equal([1.5f, -2.75f, 0.25f, 0, 1], logits);
    }

    [Fact]
    public void A_penalty_changes_the_choice_and_not_the_logprobs()
    {
        float[] logits = [3, 2.5f, 1];
        var sum = Math.Log(logits.Sum(logit => Math.Exp(logit)));
        var penalties = new TokenPenalties(1, 1, 0, [], new Dictionary<int, int> { [0] = 1 });
        var result = Sampler.Sample([.. logits], new SampleSpec { Penalties = penalties, TopLogprobs = 3, Bias = new Dictionary<int, float> { [2] = 0.1f } });
        Assert.Equal(1, result.Token);
        Assert.Equal(2.5 - sum, result.Logprob, 1e-5);
        Assert.Equal([0, 1, 2], result.Top.Select(top => top.Token));
        Assert.Equal(1 - sum, result.Top[2].Logprob, 1e-5);
    }

    [Theory]
    [InlineData(0.5f, 0, 1)]
    [InlineData(0.95f, 0, 1)]
    [InlineData(0.999f, 0, 4)]
    [InlineData(1, 0.05f, 2)]
    [InlineData(1, 1e-9f, 30)]
    [InlineData(0.9f, 0.01f, 0.1f)]
    public void Cuts_of_a_large_vocabulary_draw_what_a_full_sort_would(float topP, float minP, float sharpness)
    {
        const int Draws = 300;
        float[] logits = [.. Logits(7, 20_000).Select(logit => logit * sharpness)];
        int[] order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id]).ThenBy(id => id)];
        var spec = new SampleSpec { Temperature = 0.7f, TopP = topP, MinP = minP, Seed = 5 };
        double[] weights = [.. order.Select(id => Math.Exp(((double)logits[id] - logits[order[0]]) / spec.Temperature))];
        var (total, kept, mass) = (weights.Sum(), 0, 0.0);
        while (kept < order.Length && (kept == 0 || mass < topP * total) && weights[kept] >= minP) mass += weights[kept++];
        var same = 0;
        for (var i = 0; i < Draws; i++)
        {
            var (draw, expected) = (CounterRandom.Uniform(5, 0, (uint)i) * mass, 0);
            while (expected < kept - 1 && (draw -= weights[expected]) >= 0) expected++;
            if (Sampler.Sample([.. logits], spec with { Index = (uint)i }).Token == order[expected]) same++;
        }

        // A draw that falls on the line between two tokens may round to either.
        Assert.InRange(same, Draws - 3, Draws);
    }

    private static float[] Logits(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 4) - 2))];
    }

    // Each cut in turn on sorted probabilities, as the parameters are defined.
    private static double[] Distribution(float[] logits, SampleSpec spec)
    {
        var ids = Enumerable.Range(0, logits.Length).Where(id => spec.VocabularyLimit == 0 || id < spec.VocabularyLimit).ToList();
        double Weight(int id) => Math.Exp((logits[id] + (spec.Bias?.GetValueOrDefault(id) ?? 0)) / spec.Temperature);
        ids = [.. ids.OrderByDescending(Weight)];
        if (spec.TopK > 0) ids = [.. ids.Take(spec.TopK)];
        var total = ids.Sum(Weight);
        var top = Weight(ids[0]);
        var kept = new List<int>();
        var mass = 0.0;
        foreach (var id in ids)
        {
            if (kept.Count > 0 && ((spec.TopP < 1 && mass >= spec.TopP * total) || Weight(id) < spec.MinP * top)) break;
            kept.Add(id);
            mass += Weight(id);
        }

        return [.. Enumerable.Range(0, logits.Length).Select(id => kept.Contains(id) ? Weight(id) / mass : 0)];
    }
}
