using InferenceServer.Benchmarks.Reports;
using InferenceServer.Models.Cpu;

namespace InferenceServer.Benchmarks.Perplexity;

/// <summary>What a format of weights or KV costs in quality: perplexity on real text, and answers that are right.</summary>
internal static class PerplexityBenchmark
{
    private const string ReferenceData = "REFERENCE_DATA";

    public static readonly Command Command = new(
        "perplexity",
        "perplexity on real text and accuracy of the bundled checkpoints by weight format",
        [
            ("--model DIR", $"a checkpoint ({ReferenceData}/weights/stories260K/hf)"),
            ("--text FILE", $"plain text, or a JSON list of texts ({ReferenceData}/datasets/tinystories/tinystories_1000.json)"),
            ("--tokens N", "tokens of the text that are scored (20000)"),
            ("--window N", "tokens a window (512, or what the model allows)"),
            ("--problems N", "held-out problems of each bundled checkpoint (all); 0 = none"),
            Command.Formats,
            Command.Kv,
            Command.Threads,
            Command.Path,
            Command.Picture,
            Command.Quick,
        ],
        Run);

    private static int Run(Options options)
    {
        var formats = options.Formats(Enum.GetValues<WeightFormat>());
        var cpu = options.Cpu();
        Text(options, formats, cpu);

        var problems = options.Number("--problems", options.Quick ? 12 : int.MaxValue);
        if (problems == 0) return 0;
        Sort(formats, cpu);
        Console.WriteLine("\nHeld-out problems answered exactly, greedy:");
        var (names, shares) = TaskAccuracy.Measure(formats, cpu, problems);
        Pictures.Write(options, () => BarChart.Draw(
            "Problems answered exactly, by weight format",
            "%",
            [.. names],
            [.. formats.Select((format, i) => (WeightFormats.Name(format), shares[i].Select(share => 100 * share).ToArray()))]));
        return 0;
    }

    private static void Text(Options options, IReadOnlyList<WeightFormat> formats, CpuOptions cpu)
    {
        var (folder, text) = (options.Text("--model") ?? Reference("weights", "stories260K", "hf"), options.Text("--text") ?? Reference("datasets", "tinystories", "tinystories_1000.json"));
        if (folder is null || text is null)
        {
            Console.WriteLine($"No perplexity: set {ReferenceData} to the folder of reference data, or give --model and --text.");
            return;
        }

        var window = options.Number("--window", 512);
        Console.WriteLine($"Perplexity of {Path.GetFileName(text)} in windows of at most {window} tokens:");
        // Other KV formats with the first and the last weight format: what each adds to no loss and to the most.
        CpuOptions[] settings =
        [
            .. formats.Select(format => cpu with { Weights = format }),
            .. formats.Where((_, i) => i == 0 || i == formats.Count - 1).SelectMany(format =>
                Enum.GetValues<KvFormat>().Where(kv => kv != cpu.Kv).Select(kv => cpu with { Weights = format, Kv = kv })),
        ];
        var perplexities = TextPerplexity.Measure(folder, TextPerplexity.Read(text), settings, window, options.Number("--tokens", options.Quick ? 1000 : 20_000));
        Pictures.Write(
            options, () => BarChart.Draw("Perplexity by format of weights and KV", "", [.. settings.Select(one => $"{WeightFormats.Name(one.Weights)}, KV {KvFormats.Name(one.Kv)}")], [("perplexity", [.. perplexities])]), "text");
    }

    private static void Sort(IReadOnlyList<WeightFormat> formats, CpuOptions cpu)
    {
        if (Reference("weights", "gpt-nano-sort", "hf") is not { } folder) return;
        Console.WriteLine("\nInputs that gpt-nano-sort sorts without a mistake:");
        var table = new MarkdownTable([.. formats.Select(format => $"{WeightFormats.Name(format)}>")]);
        table.Row([.. formats.Select(format => $"{MarkdownTable.Number(100 * SortAccuracy.Measure(folder, cpu with { Weights = format }))} %")]);
    }

    private static string? Reference(params IReadOnlyList<string> parts)
    {
        if (Environment.GetEnvironmentVariable(ReferenceData) is not { Length: > 0 } root) return null;
        var path = Path.Combine([root, .. parts]);
        return Path.Exists(path) ? path : null;
    }
}
