using InferenceServer.Benchmarks.Reports;

namespace InferenceServer.Benchmarks.Serve;

/// <summary>What a request must keep to count as good.</summary>
/// <param name="FirstToken">Seconds to the first token of either voice, at most.</param>
/// <param name="PerToken">Seconds a token of each voice, at most.</param>
internal readonly record struct ServiceLevel(double FirstToken, double PerToken)
{
    public bool Holds(StreamTrace trace) =>
        trace.Error is null && trace.FirstToken <= FirstToken && !(trace.PerThought > PerToken) && !(trace.PerAnswer > PerToken);
}

/// <summary>One load on one server: all requests of it, and how long it took.</summary>
/// <param name="Seconds">From the first request to the end of the last.</param>
/// <param name="ClientShare">Processor time of the client over that of all processors.</param>
/// <param name="ServerShare">As above; NaN where it cannot be told from the client's.</param>
internal sealed record LoadSummary(IReadOnlyList<StreamTrace> Traces, double Seconds, double ClientShare, double ServerShare)
{
    public double TokensPerSecond => Traces.Sum(trace => trace.Tokens) / Seconds;

    public double RequestsPerSecond => Traces.Count(trace => trace.Error is null) / Seconds;

    public int Errors => Traces.Count(trace => trace.Error is not null);

    /// <summary>Requests a second that kept the service level.</summary>
    public double Goodput(ServiceLevel level) => Traces.Count(level.Holds) / Seconds;

    /// <summary>Percentile over requests; those without such a value are left out.</summary>
    public double Percentile(Func<StreamTrace, double> value, double percent) =>
        Statistics.Percentile(Traces.Where(trace => trace.Error is null).Select(value).Where(double.IsFinite), percent);

    /// <summary>Percentile over all gaps between tokens.</summary>
    public double GapPercentile(double percent) => Statistics.Percentile(Traces.SelectMany(trace => trace.Gaps), percent);

    /// <summary>Rounds of the same load as one: medians of the rates, and the requests of all.</summary>
    public static LoadSummary Join(IReadOnlyList<LoadSummary> rounds) => new(
        [.. rounds.SelectMany(round => round.Traces)],
        rounds.Sum(round => round.Seconds),
        Statistics.Median(rounds.Select(round => round.ClientShare)),
        Statistics.Median(rounds.Select(round => round.ServerShare)));
}
