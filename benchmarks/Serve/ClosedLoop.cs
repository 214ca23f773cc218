using InferenceServer.Benchmarks.Reports;

namespace InferenceServer.Benchmarks.Serve;

/// <summary>A number of streams, all rounds.</summary>
/// <param name="Engine">The same without HTTP; NaN where it was not measured.</param>
/// <param name="Ratio">Median over rounds of streamed over engine tokens a second; NaN where it was not measured.</param>
internal sealed record ClosedResult(int Streams, LoadSummary Streamed, double Engine, double Ratio);

/// <summary>Streams that send one request after the other; over HTTP and without it in turns.</summary>
internal sealed class ClosedLoop(LoadDriver streamed, LoadDriver engine, int rounds, int paired, int waves)
{
    // A single stream says little in a single request.
    private const int FewestRequests = 4;

    public async Task<ClosedResult> RunAsync(int streams)
    {
        var requests = Math.Max(FewestRequests, waves * streams);
        var (over, without) = (new List<LoadSummary>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            if (round % 2 == 0) over.Add(await streamed.Closed(streams, requests));
            if (streams <= paired) without.Add((await engine.Closed(streams, requests)).TokensPerSecond);
            if (round % 2 == 1) over.Add(await streamed.Closed(streams, requests));
        }

        return new ClosedResult(
            streams,
            LoadSummary.Join(over),
            Statistics.Median(without),
            without.Count > 0 ? Statistics.MedianRatio([.. over.Select(round => round.TokensPerSecond)], without) : double.NaN);
    }
}
