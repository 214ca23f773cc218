using InferenceServer.Benchmarks.Reports;
using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models;
using InferenceServer.Models.Cpu;
using Microsoft.Extensions.Logging.Abstractions;

namespace InferenceServer.Benchmarks.Serve;

/// <summary>
/// The whole server under load: real HTTP and server-sent events, the server in its own process, the client in this one. The
/// same requests to an engine in this process say what HTTP and streaming cost.
/// </summary>
internal static class ServeBenchmark
{
    // Of the requests a second that the closed loop reached: where an open loop still keeps up.
    private static readonly double[] Shares = [0.25, 0.5, 0.8];

    public static readonly Command Command = new(
        "serve",
        "closed and Poisson load on the server over HTTP, against the same engine without it",
        [
            ("--models LIST", "of stories (the bundled tas-stories), tiny, 110m and 1.1b (stories,1.1b)"),
            Command.Formats,
            Command.Kv,
            ("--streams LIST", "streams of the closed loop (1,8,32,128,256)"),
            ("--waves N", "requests of each stream in a round (8 for stories, 1 for random weights; at least 4 requests)"),
            ("--paired N", "up to so many streams the engine without HTTP is measured as well (32)"),
            ("--rates LIST", "requests a second of the open loop (25, 50 and 80 % of what the closed loop reached); 0 = none"),
            ("--seconds N", "how long requests arrive in the open loop (20)"),
            ("--prompt N", "tokens of a prompt, random weights (64)"),
            ("--thoughts N", "thought tokens, random weights (32)"),
            ("--answers N", "answer tokens, random weights (32)"),
            ("--slo-ttft MS", "a good request's first token comes within (200 for stories, 3000)"),
            ("--slo-tpot MS", "and its tokens of each voice take at most (50 for stories, 250)"),
            Command.Rounds,
            Command.Threads,
            ("--folder DIR", "where random checkpoints are kept between runs (in the temporary folder)"),
            ("--server FILE", "InferenceServer.dll (the one built beside this program)"),
            Command.Picture,
            Command.Quick,
        ],
        options => RunAsync(options).GetAwaiter().GetResult());

    private static async Task<int> RunAsync(Options options)
    {
        Console.WriteLine(Machine.Describe());
        var failures = 0;
        foreach (var name in (options.Text("--models") ?? (options.Quick ? "stories,tiny" : "stories,1.1b")).Split(','))
        {
            var workload = name == "stories" ? Workload.Stories("tas-stories") : Random(options, LlamaShape.Named(name));
            var formats = name == "stories" ? options.Formats(WeightFormat.F32) : options.Formats(WeightFormat.Q8);
            foreach (var format in formats) failures += await MeasureAsync(options, workload, format);
        }

        Console.WriteLine($"\nload average {Machine.Load}");
        return failures == 0 ? 0 : 1;
    }

    private static Workload Random(Options options, LlamaShape shape)
    {
        var folder = Path.Combine(options.Text("--folder") ?? Path.Combine(Path.GetTempPath(), "serve"), $"tas-{shape.Name}");
        if (!Directory.Exists(folder)) Console.WriteLine($"writing {folder} ...");
        SyntheticFolder.Ensure(folder, shape, shape.ThinkingLayer, shardBytes: 1L << 30);
        var few = options.Quick ? 8 : 32;
        return Workload.Synthetic(folder, shape, options.Number("--prompt", 64), options.Number("--thoughts", few), options.Number("--answers", few));
    }

    private static async Task<int> MeasureAsync(Options options, Workload workload, WeightFormat format)
    {
        var random = workload.Forbidden.Count > 0;
        var streams = options.Numbers("--streams", options.Quick ? [1, 8] : [1, 8, 32, 128, 256]);
        var level = new ServiceLevel(options.Real("--slo-ttft", random ? 3000 : 200) / 1000, options.Real("--slo-tpot", random ? 250 : 50) / 1000);
        var settings = new ServeSettings(
            options.Cpu(format), Math.Max(64, streams.Max()), random ? 3L << 30 : 256L << 20);
        var program = options.Text("--server") ?? Repository.Path("src", "InferenceServer", "bin", "Release", "net10.0", "InferenceServer.dll");
        using var server = await ServerProcess.StartAsync(program, workload, settings);
        using var model = ModelLoader.Load(settings.Model(workload), NullLogger.Instance);
        using var http = new HttpSender(server.Address, workload);
        var engine = new LoadDriver(new EngineSender(model, workload).SendAsync, null);
        var streamed = new LoadDriver(http.SendAsync, () => server.ProcessorTime);
        Console.WriteLine(
            $"\n{workload.Name}, {WeightFormats.Name(format)}: {model.Description}\n"
            + $"good: first token within {1000 * level.FirstToken} ms, tokens of each voice within {1000 * level.PerToken} ms each; times in ms, p50 / p99 over requests");

        var report = new ServeReport(workload.Name, format, level);
        var closed = new ClosedLoop(streamed, engine, options.Number("--rounds", options.Quick ? 1 : 3), options.Number("--paired", 32), options.Number("--waves", random ? 1 : 8));
        await streamed.Closed(1, 2); // both are warm before anything counts
        await engine.Closed(1, 2);
        foreach (var count in streams)
        {
            report.Add(await closed.RunAsync(count));
            Pictures.Write(options, report.Draw, $"{workload.Name}-{WeightFormats.Name(format)}");
        }

        if (options.Text("--rates") == "0") return report.Errors;
        IReadOnlyList<double> rates = options.Text("--rates") is null
            ? [.. Shares.Select(share => share * report.MostRequestsPerSecond)]
            : [.. options.Numbers("--rates").Select(rate => (double)rate)];
        foreach (var rate in options.Quick ? rates.Take(1) : rates)
            report.AddOpen(rate, await streamed.Open(Arrivals.Poisson(rate, options.Number("--seconds", options.Quick ? 2 : 20), seed: 1)));
        return report.Errors;
    }
}
