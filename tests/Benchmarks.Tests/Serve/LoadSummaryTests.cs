using InferenceServer.Benchmarks.Serve;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Benchmarks.Tests.Serve;

public sealed class LoadSummaryTests
{
    private static readonly ServiceLevel Level = new(FirstToken: 1, PerToken: 0.1);

    [Fact]
    public void A_trace_tells_its_voices_apart()
    {
        var trace = Trace([0.5, 0.6, 0.8], [1.0, 1.5]);

        Assert.Equal(5, trace.Tokens);
        Assert.Equal(0.5, trace.FirstToken);
        Assert.Equal(1.0, trace.FirstAnswer);
        Assert.Equal(0.15, trace.PerThought, 12);
        Assert.Equal(0.5, trace.PerAnswer, 12);
        Assert.Equal([0.1, 0.2, 0.2, 0.5], trace.Gaps.Select(gap => Math.Round(gap, 9)));
    }

    [Fact]
    public void Without_thoughts_the_first_token_is_the_answers()
    {
        var trace = Trace([], [0.25]);

        Assert.Equal(0.25, trace.FirstToken);
        Assert.True(double.IsNaN(trace.PerThought));
        Assert.True(Level.Holds(trace));
    }

    [Fact]
    public void Goodput_counts_requests_that_keep_the_whole_level()
    {
        var late = Trace([1.1, 1.15], [1.2, 1.25]);
        var slowThought = Trace([0.5, 0.7], [0.8, 0.85]);
        var slowAnswer = Trace([0.5, 0.55], [0.6, 0.8]);
        var failed = Trace([0.5, 0.55], [0.6, 0.65]);
        failed.Error = "cut";
        var load = new LoadSummary([Trace([0.5, 0.55], [0.6, 0.65]), Trace([0.9, 1.0], [1.1, 1.2]), late, slowThought, slowAnswer, failed], 2, 0, 0);

        Assert.Equal(1, load.Goodput(Level));
        Assert.Equal(2.5, load.RequestsPerSecond);
        Assert.Equal(1, load.Errors);
        Assert.Equal(12, load.TokensPerSecond);
    }

    [Fact]
    public void A_request_without_a_token_is_not_good() => Assert.False(Level.Holds(new StreamTrace()));

    [Fact]
    public void Joined_rounds_keep_their_rate()
    {
        var joined = LoadSummary.Join([new LoadSummary([Trace([0.1], [])], 1, 0.1, 0.5), new LoadSummary([Trace([0.1], [0.2])], 1, 0.3, 0.7)]);

        Assert.Equal(1.5, joined.TokensPerSecond);
        Assert.Equal(0.2, joined.ClientShare, 12);
    }

    private static StreamTrace Trace(double[] thoughts, double[] answers)
    {
        var trace = new StreamTrace();
        foreach (var at in thoughts) trace.Add(TokenChannel.Thought, at);
        foreach (var at in answers) trace.Add(TokenChannel.Answer, at);
        return trace;
    }
}
