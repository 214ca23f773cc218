using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Decoding;

public class RankingTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(15, 4)]
    [InlineData(16, 16)]
    [InlineData(1000, 40)]
    [InlineData(5000, 1024)]
    [InlineData(5000, 3000)]
    [InlineData(5000, 9000)]
    public void The_top_ids_come_by_falling_logits_and_equal_ones_by_id(int vocabulary, int count)
    {
        var logits = Few(vocabulary);
        Assert.Equal(Sorted(logits).Take(count), Ranking.Top(logits, count));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(16)]
    [InlineData(1003)]
    public void Ids_from_a_cutoff_on_are_all_that_reach_it(int vocabulary)
    {
        var logits = Few(vocabulary);
        foreach (var cutoff in (float[])[float.NegativeInfinity, -1, 0.5f, logits.Max(), 100])
            Assert.Equal(Sorted(logits).Where(id => logits[id] >= cutoff), Ranking.From(logits, cutoff));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(777)]
    [InlineData(50257)]
    public void Exponentials_agree_with_double_precision(int vocabulary)
    {
        var random = new Random(vocabulary);
        float[] x = [.. Enumerable.Range(0, vocabulary).Select(_ => (random.NextSingle() * 60) - 30)];
        foreach (var temperature in (float[])[0.1f, 1, 2])
        {
            double[] expected = [.. x.Select(logit => Math.Exp(((double)logit - x.Max()) / temperature))];
            Assert.Equal(1, Exponentials.Sum(x, x.Max(), temperature) / expected.Sum(), 1e-6);
            var written = new float[vocabulary];
            Exponentials.Write(x, x.Max(), temperature, written);
            for (var i = 0; i < vocabulary; i++) Assert.Equal(expected[i], written[i], (expected[i] * 1e-5) + 1e-37);
        }
    }

    [Fact]
    public void What_is_forbidden_weighs_nothing()
    {
        var written = new float[3];
        Exponentials.Write([1, float.NegativeInfinity, 1], 1, 1, written);
        Assert.Equal([1, 0, 1], written);
        Assert.Equal(2, Exponentials.Sum([1, float.NegativeInfinity, 1], 1));
    }

    // Few different values: many ties.
    private static float[] Few(int count)
    {
        var random = new Random(count);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(-40, 40) / 8f)];
    }

    private static IEnumerable<int> Sorted(float[] logits) => Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id]).ThenBy(id => id);
}
