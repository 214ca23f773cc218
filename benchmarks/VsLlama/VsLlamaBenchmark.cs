using System.Globalization;
using InferenceServer.Models.Cpu;

namespace InferenceServer.Benchmarks.VsLlama;

/// <summary>
/// Our CPU engine beside llama.cpp: the same weights, the same tokens, the same threads, taking turns. Tokens per second
/// are medians over rounds, ratios medians of the rounds' own ratios.
/// </summary>
internal static class VsLlamaBenchmark
{
    private const int Prompt = 512;
    private const int Context = 64;
    private static readonly string[] CellNames = ["decode 1", "decode 8", "decode 32", "prefill 512"];

    public static int Run(Options options)
    {
        var shape = LlamaShape.All.FirstOrDefault(shape => shape.Name == (options.Text("--shape") ?? "110m"))
            ?? throw new ArgumentException($"--shape is one of {string.Join(", ", LlamaShape.All.Select(shape => shape.Name))}.");
        var types = (options.Text("--formats") ?? "bf16,q8,q4").Split(',').Select(name => Enum.Parse<GgufType>(name, ignoreCase: true)).ToList();
        var threads = options.Number("--threads", 2);
        var folder = SyntheticLlama.Ensure(options.Text("--models") ?? Path.Combine(Path.GetTempPath(), "vs-llama.cpp"), shape, [.. types.Union([GgufType.F32])]);
        var peerFolder = options.Text("--peer") ?? Path.Combine("benchmarks", "vs-llama.cpp");

        var agreement = new Agreement(folder, peerFolder, threads);
        agreement.Print(GgufType.F32);
        var results = new List<FormatResult>();
        foreach (var type in types)
        {
            agreement.Print(type);
            results.Add(Measure(folder, peerFolder, type, threads, options.Number("--rounds", 7), options.Number("--steps", 32)));
        }

        Console.WriteLine($"\n{shape.Name}, {threads} threads, tokens per second (ratio to llama.cpp); load {Load()}\n");
        Console.WriteLine("| weights | what | llama.cpp | " + string.Join(" | ", results[0].Sides) + " |");
        Console.WriteLine("| --- | --- | ---: |" + string.Concat(results[0].Sides.Select(_ => " ---: |")));
        foreach (var result in results) result.Print(CellNames);
        BarChart.Write(options, () => BarChart.Svg(
            $"A Llama of {shape.Name} weights on {threads} threads",
            "times llama.cpp's tokens per second",
            [.. results.SelectMany(result => CellNames.Select(cell => $"{result.Type} {cell}".Replace("prefill", "pre", StringComparison.Ordinal).Replace("decode", "×", StringComparison.Ordinal)))],
            [.. results[0].Sides.Select((side, i) => (side, results.SelectMany(result => CellNames.Select((_, cell) => result.Ratio(i, cell))).ToArray()))]));
        return 0;
    }

    private static FormatResult Measure(string folder, string peerFolder, GgufType type, int threads, int rounds, int steps)
    {
        using var peer = new PeerProcess(peerFolder);
        var loaded = peer.Load(SyntheticLlama.Gguf(folder, type), threads);
        Console.WriteLine($"\nllama.cpp {loaded["release"]}, {type}: {loaded["system"]}");
        Console.WriteLine($"  buffers: {loaded["buffers"]!.ToJsonString()}");
        var paths = Paths();
        var ours = paths.Select(path => new OurEngine(folder, new CpuOptions { Weights = Enum.Parse<WeightFormat>($"{type}"), Threads = threads, Force = path })).ToList();
        foreach (var engine in ours) Console.WriteLine($"ours: {engine.Description}");
        var result = new FormatResult(type, [.. paths.Select(path => $"ours, {path}")], (double)loaded["seconds"]!, [.. ours.Select(engine => engine.LoadSeconds)]);
        for (var round = -1; round < rounds; round++)
        {
            for (var cell = 0; cell < CellNames.Length; cell++)
            {
                // Who goes first changes with the round: the caches are as the one before left them.
                var times = new double[1 + ours.Count];
                for (var turn = 0; turn < times.Length; turn++)
                {
                    var side = (turn + Math.Max(round, 0)) % times.Length;
                    Thread.Sleep(30); // the other side's threads stop spinning
                    times[side] = cell switch
                    {
                        3 => side == 0 ? peer.Prefill(Prompt) : ours[side - 1].Prefill(Prompt),
                        _ => side == 0 ? peer.Decode(Sequences(cell), Context, steps) : ours[side - 1].Decode(Sequences(cell), Context, steps),
                    };
                }

                if (round >= 0) result.Add(cell, times, cell == 3 ? Prompt : Sequences(cell) * steps);
            }
        }

        foreach (var engine in ours) engine.Dispose();
        return result;
    }

    private static int Sequences(int cell) => cell switch { 0 => 1, 1 => 8, _ => 32 };

    /// <summary>The machine's best path, and the best without the matrix unit.</summary>
    private static List<KernelPath> Paths()
    {
        var all = Enum.GetValues<KernelPath>().Where(Models.Cpu.Kernels.KernelSet.IsSupported).ToList();
        return all[0] == KernelPath.Amx ? all[..2] : all[..1];
    }

    private static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Trim().ToString(CultureInfo.InvariantCulture) : "unknown";
}
