using System.Diagnostics;
using System.Globalization;
using InferenceServer.Benchmarks.Reports;
using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using Microsoft.Extensions.Logging.Abstractions;

namespace InferenceServer.Benchmarks.Load;

/// <summary>
/// A large model from its files to its first tokens: how long, how many MB a second, how much memory. The checkpoint is bf16 in
/// shards, written before and deleted after; the weights are quantised while they are read.
/// </summary>
internal static class LoadBenchmark
{
    private const long ShardBytes = 2L << 30;
    private const long RoomLeft = 14_000_000_000; // free beside the checkpoint: 30 GB in all for 8b
    private const long MostResident = 24L << 30;

    public static readonly Command Command = new(
        "load",
        "an 8B model (synthetic, sharded) loaded as int4: time, MB/s, peak and steady memory, a few tokens",
        [
            ("--shape NAME", "tiny, 110m, 1.1b or 8b (8b)"),
            ("--layers N", "instead of the shape's"),
            ("--formats LIST", "of f32,bf16,int8,int4; each is loaded in turn (int4)"),
            Command.Kv,
            ("--tokens N", "decoded after a prompt of 16 (16)"),
            ("--warm", "leave the files in the page cache"),
            ("--folder DIR", "where the checkpoint is written (in the temporary folder)"),
            ("--keep", "do not delete it"),
            Command.Threads,
            Command.Path,
            Command.Picture,
            Command.Quick,
        ],
        Run);

    private static int Run(Options options)
    {
        var shape = options.Shape(options.Quick ? "tiny" : "8b");
        shape = shape with { Layers = options.Number("--layers", shape.Layers) };
        var bytes = 2 * shape.Parameters;
        var folder = Path.Combine(options.Text("--folder") ?? Path.Combine(Path.GetTempPath(), "load"), $"{shape.Name}-{shape.Layers}");
        Directory.CreateDirectory(folder);
        var free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
        if (free < bytes + RoomLeft && !options.Quick)
        {
            Console.WriteLine($"Skipped: {shape.Name} needs {(bytes + RoomLeft) / 1e9:F0} GB of free disk at {folder}, there are {free / 1e9:F0} GB; name another place with --folder.");
            return 0;
        }

        Console.WriteLine($"{Machine.Describe()}\n{shape.Name}: {shape.Layers} layers, {shape.Parameters / 1e9:F2} billion weights, {bytes / 1e9:F1} GB in bf16 at {folder}");
        try
        {
            var table = new MarkdownTable("what", "seconds>", "MB/s of the files>", "resident, GB>", "own, GB>", "peak, GB>");
            var seconds = Rounds.Seconds(() => SyntheticFolder.Ensure(folder, shape, null, ShardBytes));
            Row(table, "write the files", seconds, bytes);
            return options.Formats(WeightFormat.Q4).Max(format => Measure(options, table, folder, shape, format, bytes));
        }
        finally
        {
            if (!options.Flag("--keep")) Directory.Delete(folder, recursive: true);
        }
    }

    private static int Measure(Options options, MarkdownTable table, string folder, LlamaShape shape, WeightFormat format, long bytes)
    {
        var cold = !options.Flag("--warm") && PageCache.TryDrop(folder);
        ProcessMemory.ForgetPeak();
        using var watch = new MemoryWatch();
        var source = new ModelOptions
        {
            Name = shape.Name,
            Path = folder,
            Cpu = options.Cpu(format),
            KvMemory = 512 << 20,
        };
        var start = Stopwatch.GetTimestamp();
        using var model = ModelLoader.Load(source, NullLogger.Instance, new Told());
        Row(table, $"load as {WeightFormats.Name(format)}, files {(cold ? "from the disk" : "in the page cache")}", Stopwatch.GetElapsedTime(start).TotalSeconds, bytes);
        Decode(table, model, options.Number("--tokens", 16));
        Thread.Sleep(1000); // what a rest leaves behind
        Row(table, "at rest", double.NaN, double.NaN);
        Pictures.Write(options, () => watch.Draw($"Memory while {shape.Name} is loaded as {WeightFormats.Name(format)} and decodes"), WeightFormats.Name(format));
        var peak = ProcessMemory.Read().Peak;
        Console.WriteLine($"\n{model.Description}");
        if (peak <= MostResident) return 0;
        Console.WriteLine($"The peak of {peak / 1e9:F1} GB is above 24 GiB.");
        return 1;
    }

    private static void Decode(MarkdownTable table, ServedModel model, int tokens)
    {
        var start = Stopwatch.GetTimestamp();
        var times = new List<double>();
        var generation = model.Submit(new GenerationRequest
        {
            Prompt = SyntheticPrompt.Tokens(16, 1),
            MaxTokens = tokens,
            Answering = SamplingOptions.Greedy with { Bias = model.EndOfSequence.ToDictionary(id => id, _ => float.NegativeInfinity) },
        });
        foreach (var next in generation.Events.ReadAllAsync().ToBlockingEnumerable())
        {
            if (next is GenerationEvent.Failed failed) throw new InvalidOperationException(failed.Message);
            if (next is GenerationEvent.Token) times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        Row(table, "first token after a prompt of 16", times[0], double.NaN);
        if (times.Count > 1) Row(table, $"a token, of {times.Count - 1}", (times[^1] - times[0]) / (times.Count - 1), double.NaN);
    }

    private static void Row(MarkdownTable table, string what, double seconds, double bytes)
    {
        var memory = ProcessMemory.Read();
        table.Row(
            what,
            MarkdownTable.Number(seconds),
            MarkdownTable.Number(bytes / seconds / 1e6),
            MarkdownTable.Number(memory.Resident / 1e9),
            MarkdownTable.Number(memory.Anonymous / 1e9),
            MarkdownTable.Number(memory.Peak / 1e9));
    }

    /// <summary>Tenths on the error stream, beside the table.</summary>
    private sealed class Told : IProgress<LoadProgress>
    {
        private int _tenths;

        public void Report(LoadProgress value)
        {
            if ((int)(10 * value.Share) <= _tenths) return;
            _tenths = (int)(10 * value.Share);
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"packed {value.Share:P0}"));
        }
    }
}
