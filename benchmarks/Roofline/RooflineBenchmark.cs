using System.Globalization;
using InferenceServer.Benchmarks.Reports;
using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Cpu.Kernels;

namespace InferenceServer.Benchmarks.Roofline;

/// <summary>Kernels and whole decode against the machine's limits, measured in the same run.</summary>
internal static class RooflineBenchmark
{
    private static readonly WeightFormat[] AllFormats = Enum.GetValues<WeightFormat>();

    public static readonly Command Command = new(
        "roofline",
        "the machine's limits, every kernel against them, and whole decode against reading as many bytes",
        [
            ("--shape NAME", "layers of the products: tiny, 110m, 1.1b (1.1b)"),
            ("--decode LIST", "shapes whose whole decode is measured (110m,1.1b)"),
            Command.Formats,
            Command.Kv,
            ("--rows LIST", "rows of the products (1,4,8,32,128,512)"),
            ("--context N", "positions before a decode step (64), and of attention (8 times that)"),
            Command.Rounds,
            Command.Steps,
            Command.Threads,
            Command.Path,
            Command.Picture,
            Command.Quick,
        ],
        Run);

    private static int Run(Options options)
    {
        var quick = options.Quick;
        var (threads, rounds, steps) = (options.Threads, options.Number("--rounds", quick ? 2 : 7), options.Number("--steps", quick ? 2 : 8));
        var kernels = KernelSet.Choose(options.Path);
        var formats = options.Formats(AllFormats);
        var cpu = options.Cpu();
        var shape = options.Shape(quick ? "tiny" : "1.1b");
        var context = options.Number("--context", quick ? 32 : 64);
        Console.WriteLine($"{Machine.Describe()}\n{kernels.Name} kernels, {threads} threads, {rounds} rounds");
        var limits = Limits.Measure(threads, rounds, quick);

        Console.WriteLine($"\nThe products of a layer of {shape.Name}, all layers together larger than the cache:");
        var table = new MarkdownTable("weights", "rows>", "ms a pass>", "GB/s>", "of memory read>", "GFLOP/s>", "of the format's peak>", "of the roofline>");
        var rates = new List<Rate>();
        foreach (var format in formats)
        {
            using var cells = new ProductCells(shape, format, kernels, threads, 4 * Machine.ThirdLevelCache);
            var peak = limits.Peak(format, kernels.Path);
            foreach (var rate in cells.Measure(options.Numbers("--rows", quick ? [1, 32] : [1, 4, 8, 32, 128, 512]), rounds))
            {
                rates.Add(rate);
                table.Row(
                    WeightFormats.Name(format),
                    rate.Rows.ToString(CultureInfo.InvariantCulture),
                    MarkdownTable.Number(rate.Seconds * 1e3),
                    MarkdownTable.Number(rate.Bytes / rate.Seconds / 1e9),
                    MarkdownTable.Percent(rate.Bytes / rate.Seconds / limits.Memory),
                    MarkdownTable.Number(rate.Operations / rate.Seconds / 1e9),
                    MarkdownTable.Percent(rate.Operations / rate.Seconds / peak),
                    MarkdownTable.Percent(rate.Share(limits.Memory, peak)));
            }
        }

        Console.WriteLine("\nBeside the products:");
        table = new MarkdownTable("what", "ms>", "GB/s>", "GFLOP/s>");
        foreach (var cell in Others(shape, formats, kernels, cpu, threads, 8 * context, rounds, steps))
        {
            table.Row(
                cell.Name,
                MarkdownTable.Number(cell.Seconds * 1e3),
                MarkdownTable.Number(cell.Bytes / cell.Seconds / 1e9),
                MarkdownTable.Number(cell.Operations / cell.Seconds / 1e9));
        }

        var decodes = Decodes(options, formats, cpu, context, rounds, steps);
        Pictures.Write(options, () => Draw(limits, rates, decodes, kernels, threads));
        Console.WriteLine($"\nload average {Machine.Load}");
        return 0;
    }

    private static IEnumerable<OtherCells.Cell> Others(
        LlamaShape shape, IReadOnlyList<WeightFormat> formats, KernelSet kernels, CpuOptions cpu, int threads, int context, int rounds, int steps) =>
        AttentionCells.Measure(shape, kernels, cpu, threads, context, rounds)
            .Concat(formats.SelectMany(format => OtherCells.Heads(shape, cpu with { Weights = format }, rounds, steps)))
            .Concat(RowCells.Measure(shape, kernels, rounds));

    private static List<(string Shape, DecodeCell Cell)> Decodes(
        Options options, IReadOnlyList<WeightFormat> formats, CpuOptions cpu, int context, int rounds, int steps)
    {
        Console.WriteLine($"\nWhole decode after {context} positions, head and greedy sampling included; the share is that of reading as many bytes in the same round:");
        var table = new MarkdownTable("model", "weights", "sequences>", "MB a step>", "ms a step>", "tokens/s>", "GB/s>", "of the roofline>");
        var results = new List<(string, DecodeCell)>();
        foreach (var name in (options.Text("--decode") ?? (options.Quick ? "tiny" : "110m,1.1b")).Split(','))
        {
            var spec = RandomModel.Llama(LlamaShape.Named(name));
            foreach (var format in formats)
            {
                foreach (var cell in DecodeCells.Measure(spec, cpu with { Weights = format }, options.Quick ? [1, 8] : [1, 8, 32], context, rounds, steps))
                {
                    results.Add((name, cell));
                    table.Row(
                        name,
                        WeightFormats.Name(format),
                        cell.Sequences.ToString(CultureInfo.InvariantCulture),
                        MarkdownTable.Number(cell.Bytes / 1e6),
                        MarkdownTable.Number(cell.Seconds * 1e3),
                        MarkdownTable.Number(cell.Sequences / cell.Seconds),
                        MarkdownTable.Number(cell.Bytes / cell.Seconds / 1e9),
                        MarkdownTable.Percent(cell.Share));
                }
            }
        }

        return results;
    }

    private static string Draw(
        Limits limits, IReadOnlyList<Rate> rates, IReadOnlyList<(string Shape, DecodeCell Cell)> decodes, KernelSet kernels, int threads) => RooflineChart.Draw(
        $"Roofline of {kernels.Name} kernels on {threads} threads",
        [($"memory, {MarkdownTable.Number(limits.Memory / 1e9)} GB/s", limits.Memory / 1e9), ($"cache, {MarkdownTable.Number(limits.Cache / 1e9)} GB/s", limits.Cache / 1e9)],
        [.. limits.Peaks.Select(peak => (peak.Name, peak.Rate / 1e9))],
        [
            .. rates.GroupBy(rate => rate.Format).Select(group => ($"products, {WeightFormats.Name(group.Key)}", Points(group.Select(rate =>
                (rate.Intensity, rate.Operations / rate.Seconds / 1e9, rate.Rows.ToString(CultureInfo.InvariantCulture)))))),
            .. decodes.GroupBy(decode => decode.Shape).Select(group => ($"decode, {group.Key}", Points(group.Select(decode =>
                (decode.Cell.Operations / decode.Cell.Bytes, decode.Cell.Operations / decode.Cell.Seconds / 1e9, ""))))),
        ]);

    private static IReadOnlyList<(double X, double Y, string Label)> Points(IEnumerable<(double, double, string)> points) => [.. points];
}
