using InferenceServer.Benchmarks.Reports;
using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models.Cpu;

namespace InferenceServer.Benchmarks.DualLayer;

/// <summary>
/// What thinking in the lower half costs: (1) steps by the rows that think and speak in them, against the bytes they read,
/// (2) layer-token executions of a request, which must be k·(n+m+1) below k while thinking and (L−k)·(n+m+1) above it in the
/// catch-up, (3) requests against the same number of tokens thought aloud through the full stack, (4) many requests at once.
/// </summary>
internal static class DualLayerBenchmark
{
    public static readonly Command Command = new(
        "dual-layer",
        "a TaS model that thinks after half its layers: cost of a thought, speaking beside thinkers, TTFT and TTFOT, against thinking aloud",
        [
            ("--shape NAME", "tiny, 110m or 1.1b (1.1b)"),
            Command.Formats,
            Command.Kv,
            ("--context N", "positions before the row of a step (64)"),
            ("--prompt N", "tokens of a request's prompt (128)"),
            ("--thoughts N", "thought tokens of a request (64)"),
            ("--answers N", "answer tokens of a request (32)"),
            ("--most N", "requests at once, at most (32)"),
            Command.Rounds,
            Command.Steps,
            Command.Threads,
            Command.Path,
            Command.Picture,
            Command.Quick,
        ],
        Run);

    /// <summary>0, or 1 if the work counted is not the arithmetic's.</summary>
    private static int Run(Options options)
    {
        var quick = options.Quick;
        var shape = options.Shape(quick ? "tiny" : "1.1b");
        var spec = RandomModel.Llama(shape, shape.ThinkingLayer);
        var (rounds, steps) = (options.Number("--rounds", quick ? 2 : 7), options.Number("--steps", quick ? 2 : 8));
        var context = options.Number("--context", quick ? 16 : 64);
        var size = new RequestSize(
            options.Number("--prompt", quick ? 24 : 128), options.Number("--thoughts", quick ? 8 : 64), options.Number("--answers", quick ? 8 : 32));
        var most = options.Number("--most", quick ? 8 : 32);
        Console.WriteLine($"{Machine.Describe()}\n{shape.Name}: {shape.Layers} layers, thinks after {shape.ThinkingLayer}; {rounds} rounds");
        var right = true;
        var measured = new List<(WeightFormat, IReadOnlyList<StepCost>)>();
        foreach (var format in options.Formats(WeightFormat.BF16, WeightFormat.Q8, WeightFormat.Q4))
        {
            var cpu = options.Cpu(format);
            var pages = Math.Max(StepRig.Pages(spec, StepCost.MostSequences, context + 1), StepRig.Pages(spec, most, size.Positions));
            using var decoder = new CpuDecoder(spec, pages, cpu);
            Console.WriteLine($"\n{decoder.Description}");
            measured.Add((format, StepCost.Measure(decoder, cpu, context, rounds, steps)));
            // As far as it got: a run that is stopped has the pictures of the formats before.
            Pictures.Write(options, () => DrawCosts(measured));
            Pictures.Write(options, () => DrawBeside(measured), "beside");
            using var requests = new Requests(decoder, size, most);
            right &= requests.CountWork();
            requests.AgainstThinkingAloud(rounds);
            requests.ManyAtOnce();
        }

        Console.WriteLine($"\nload average {Machine.Load}");
        return right ? 0 : 1;
    }

    private static string DrawCosts(List<(WeightFormat Format, IReadOnlyList<StepCost> Costs)> measured) => BarChart.Draw(
        "One token thought or said: its time, and what its bytes would take",
        "ms",
        [.. measured.Select(one => WeightFormats.Name(one.Format))],
        [
            ("an answer token", [.. measured.Select(one => StepCost.Of(one.Costs, 1, 0).Milliseconds)]),
            ("a thought token", [.. measured.Select(one => StepCost.Of(one.Costs, 0, 1).Milliseconds)]),
            ("a thought token by its bytes", [.. measured.Select(one => StepCost.Of(one.Costs, 1, 0).Milliseconds * StepCost.Of(one.Costs, 0, 1).ByteRatio)]),
        ]);

    private static string DrawBeside(List<(WeightFormat Format, IReadOnlyList<StepCost> Costs)> measured) => LineChart.Draw(
        "An answer's tokens beside thinking sequences",
        "sequences that think in the same steps",
        "ms an answer token; dashed: one that speaks alone, times the bytes",
        [
            .. measured.SelectMany(one => ((string, IReadOnlyList<(double, double)>, bool)[])
            [
                (WeightFormats.Name(one.Format), Beside(one.Costs, cost => cost.Milliseconds), false),
                ($"{WeightFormats.Name(one.Format)} by bytes", Beside(one.Costs, cost => StepCost.Of(one.Costs, 1, 0).Milliseconds * cost.ByteRatio), true),
            ]),
        ]);

    private static IReadOnlyList<(double X, double Y)> Beside(IReadOnlyList<StepCost> costs, Func<StepCost, double> value) =>
        [.. costs.Where(cost => cost.Speaking == 1).OrderBy(cost => cost.Thinking).Select(cost => ((double)cost.Thinking, value(cost)))];
}
