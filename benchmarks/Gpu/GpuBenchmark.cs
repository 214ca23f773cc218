using InferenceServer.Benchmarks.Reports;
using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Torch;

namespace InferenceServer.Benchmarks.Gpu;

/// <summary>
/// The GPU engine on a synthetic Llama: tokens a second by batch, the share of the memory's bandwidth that decoding
/// reaches, and the same weights and batches in plain PyTorch on the same device.
/// </summary>
internal static class GpuBenchmark
{
    private const double Giga = 1e9;

    public static readonly Command Command = new(
        "gpu",
        "the GPU engine: tokens a second, share of the memory's bandwidth, beside plain PyTorch",
        [
            ("--device NAME", "cuda:N, or torch-cpu to see that it works (cuda:0)"),
            ("--shape NAME", "tiny, 110m, 1.1b or 8b (1.1b)"),
            ("--weights NAME", "bf16, f16 or f32 (bf16)"),
            ("--batches LIST", "sequences that decode at once (1,8,64)"),
            ("--context N", "positions each holds before (1024)"),
            ("--prompt N", "tokens of a prompt that is read (1536)"),
            ("--copy N", "megabytes copied to find the memory's bandwidth (1024)"),
            ("--python EXE", "a Python that has PyTorch (python3)"),
            ("--models DIR", "where the synthetic checkpoint is kept"),
            Command.Steps,
            Command.Rounds,
            Command.Quick,
        ],
        Run);

    private static int Run(Options options)
    {
        var shape = options.Shape(options.Quick ? "tiny" : "1.1b");
        var work = new GpuWork(
            options.Text("--device") ?? "cuda:0",
            options.Choice<DType>("--weights") ?? DType.BF16,
            options.Numbers("--batches", 1, 8, 64),
            options.Number("--context", options.Quick ? 64 : 1024),
            options.Number("--prompt", options.Quick ? 128 : 1536),
            options.Number("--steps", options.Quick ? 4 : 64),
            options.Number("--rounds", options.Quick ? 1 : 5));
        var folder = Path.Combine(options.Text("--models") ?? Path.Combine(Path.GetTempPath(), "gpu-benchmark"), shape.Name);
        SyntheticFolder.Ensure(folder, shape, null, long.MaxValue);

        var bandwidth = DeviceBandwidth.Measure(TorchDecoderSource.Device(work.Device, work.Weights), options.Number("--copy", options.Quick ? 64 : 1024));
        Console.WriteLine($"{work.Device}: memory moves {MarkdownTable.Number(bandwidth / Giga)} GB/s when it is copied");
        var peer = PyTorchSide.Run(options.Text("--python") ?? "python3", folder, work);
        Console.WriteLine(peer.Description);
        using var ours = new GpuEngine(folder, work);
        Console.WriteLine(ours.Description);
        Console.WriteLine($"{shape.Name}, {work.Weights}, {work.Context} positions before the first token; medians of {work.Rounds} rounds");

        var table = new MarkdownTable("what", "ours, tokens/s>", "PyTorch, tokens/s>", "ratio>", "step, ms>", "read per step, GB>", "share of bandwidth>");
        foreach (var batch in work.Batches)
        {
            var seconds = ours.Decode(batch);
            var bytes = ours.BytesPerStep(batch);
            Row(
                table,
                $"decode {batch}",
                batch / seconds,
                peer.Decode(batch),
                MarkdownTable.Number(seconds * 1e3),
                MarkdownTable.Number(bytes / Giga),
                MarkdownTable.Percent(bytes / seconds / bandwidth));
        }

        Row(table, $"prefill {work.Prompt}", work.Prompt / ours.Prefill(), peer.Prefill, "-", "-", "-");
        return 0;
    }

    private static void Row(MarkdownTable table, string what, double ours, double theirs, params string[] rest) =>
        table.Row([what, MarkdownTable.Number(ours), MarkdownTable.Number(theirs), MarkdownTable.Number(ours / theirs), .. rest]);
}
