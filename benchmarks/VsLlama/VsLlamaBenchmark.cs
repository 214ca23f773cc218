using InferenceServer.Benchmarks.Reports;
using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Cpu.Kernels;

namespace InferenceServer.Benchmarks.VsLlama;

/// <summary>
/// Our CPU engine beside llama.cpp: the same weights, the same tokens, the same threads, taking turns. Tokens per second
/// are medians over rounds, ratios medians of the rounds' own ratios.
/// </summary>
internal static class VsLlamaBenchmark
{
    private const int Context = 64;

    public static readonly Command Command = new(
        "vs-llama.cpp",
        "the same random Llama here and in llama.cpp (benchmarks/vs-llama.cpp/README.md)",
        [
            ("--shape NAME", "tiny, 110m or 1.1b (110m)"),
            ("--formats LIST", "of f32,bf16,q8,q4 (bf16,q8,q4)"),
            Command.Rounds,
            Command.Steps,
            ("--threads N", "for each side (2)"),
            ("--models DIR", "folder for the models, kept between runs (in the temporary folder)"),
            ("--peer DIR", "folder with peer.mjs and its node_modules (benchmarks/vs-llama.cpp)"),
            Command.Picture,
            Command.Quick,
        ],
        Run);

    private static int Run(Options options)
    {
        var shape = options.Shape(options.Quick ? "tiny" : "110m");
        var types = (options.Text("--formats") ?? "bf16,q8,q4").Split(',').Select(name => Enum.Parse<GgufType>(name, ignoreCase: true)).ToList();
        var threads = options.Number("--threads", 2);
        var folder = SyntheticLlama.Ensure(options.Text("--models") ?? Path.Combine(Path.GetTempPath(), "vs-llama.cpp"), shape, [.. types.Union([GgufType.F32])]);
        var peerFolder = options.Text("--peer") ?? Path.Combine("benchmarks", "vs-llama.cpp");
        var (rounds, steps, prompt) = (options.Number("--rounds", options.Quick ? 1 : 7), options.Number("--steps", options.Quick ? 2 : 32), options.Quick ? 64 : 512);
        Console.WriteLine(Machine.Describe());

        string[] cells = ["decode 1", "decode 8", "decode 32", $"prefill {prompt}"];
        var paths = Paths();
        var agreement = new Agreement(folder, peerFolder, threads);
        agreement.Print(GgufType.F32);
        var results = new List<FormatResult>();
        foreach (var type in types)
        {
            agreement.Print(type);
            var result = Measure(folder, peerFolder, type, threads, rounds, steps, prompt, paths);
            results.Add(result);
            Console.WriteLine($"\n{shape.Name}, {threads} threads, tokens per second (ratio to llama.cpp, its range over {rounds} rounds); load average {Machine.Load}");
            result.Print(new MarkdownTable(["weights", "what", "llama.cpp>", .. paths.Select(path => $"ours, {path}>")]), cells);
            // As far as it got: a run that is stopped has the picture of the formats before.
            Pictures.Write(options, () => Draw(shape, threads, cells, paths, results));
        }

        return 0;
    }

    private static string Draw(LlamaShape shape, int threads, string[] cells, List<KernelPath> paths, List<FormatResult> results) => BarChart.Draw(
        $"A Llama of {shape.Name} weights on {threads} threads",
        "times llama.cpp's tokens per second",
        [.. results.SelectMany(result => cells.Select(cell => $"{result.Type} {cell}".Replace("prefill", "pre", StringComparison.Ordinal).Replace("decode", "×", StringComparison.Ordinal)))],
        [.. paths.Select((path, i) => ($"ours, {path}", results.SelectMany(result => cells.Select((_, cell) => result.Ratio(i, cell))).ToArray()))],
        mark: 1);

    private static FormatResult Measure(
        string folder, string peerFolder, GgufType type, int threads, int rounds, int steps, int prompt, List<KernelPath> paths)
    {
        using var peer = new PeerProcess(peerFolder);
        var loaded = peer.Load(SyntheticLlama.Gguf(folder, type), threads);
        Console.WriteLine($"\nllama.cpp {loaded["release"]}, {type}: {loaded["system"]}");
        Console.WriteLine($"  buffers: {loaded["buffers"]!.ToJsonString()}");
        var ours = paths.Select(path => new OurEngine(folder, new CpuOptions { Weights = WeightFormats.Parse($"{type}"), Threads = threads, Force = path })).ToList();
        foreach (var engine in ours) Console.WriteLine($"ours: {engine.Description}");
        var result = new FormatResult(type, paths.Count, (double)loaded["seconds"]!, [.. ours.Select(engine => engine.LoadSeconds)]);
        for (var round = -1; round < rounds; round++)
        {
            for (var cell = 0; cell < 4; cell++)
            {
                // Who goes first changes with the round: the caches are as the one before left them.
                var times = new double[1 + ours.Count];
                for (var turn = 0; turn < times.Length; turn++)
                {
                    var side = (turn + Math.Max(round, 0)) % times.Length;
                    Thread.Sleep(30); // the other side's threads stop spinning
                    times[side] = cell switch
                    {
                        3 => side == 0 ? peer.Prefill(prompt) : ours[side - 1].Prefill(prompt),
                        _ => side == 0 ? peer.Decode(Sequences(cell), Context, steps) : ours[side - 1].Decode(Sequences(cell), Context, steps),
                    };
                }

                if (round >= 0) result.Add(cell, times, cell == 3 ? prompt : Sequences(cell) * steps);
            }
        }

        foreach (var engine in ours) engine.Dispose();
        return result;
    }

    private static int Sequences(int cell) => cell switch { 0 => 1, 1 => 8, _ => 32 };

    /// <summary>The machine's best path, and the best without the matrix unit.</summary>
    private static List<KernelPath> Paths()
    {
        var all = Enum.GetValues<KernelPath>().Where(KernelSet.IsSupported).ToList();
        return all[0] == KernelPath.Amx ? all[..2] : all[..1];
    }
}
