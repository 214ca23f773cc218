using System.Globalization;
using InferenceServer.Benchmarks.VsLlama;
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

    public static int Run(Options options)
    {
        var shape = LlamaShape.All.FirstOrDefault(shape => shape.Name == (options.Text("--shape") ?? "1.1b"))
            ?? throw new ArgumentException($"--shape is one of {string.Join(", ", LlamaShape.All.Select(shape => shape.Name))}.");
        var work = new GpuWork(
            options.Text("--device") ?? "cuda:0",
            options.Choice<DType>("--weights") ?? DType.BF16,
            [.. (options.Text("--batches") ?? "1,8,64").Split(',').Select(batch => int.Parse(batch, CultureInfo.InvariantCulture))],
            options.Number("--context", 1024),
            options.Number("--prompt", 2048),
            options.Number("--steps", 64),
            options.Number("--rounds", 5));
        var folder = SyntheticLlama.Ensure(options.Text("--models") ?? Path.Combine(Path.GetTempPath(), "gpu-benchmark"), shape, []);

        var bandwidth = DeviceBandwidth.Measure(TorchDecoderSource.Device(work.Device, work.Weights), options.Number("--copy", 1024));
        Console.WriteLine($"{work.Device}: memory moves {bandwidth / Giga:F0} GB/s when it is copied");
        using var ours = new GpuEngine(folder, work);
        Console.WriteLine(ours.Description);
        var peer = PyTorchSide.Run(options.Text("--python") ?? "python3", folder, work);
        Console.WriteLine(peer.Description);

        Console.WriteLine($"\n{shape.Name}, {work.Weights}, {work.Context} positions before the first token; tokens per second, median of {work.Rounds} rounds\n");
        Console.WriteLine("| what | ours | PyTorch | ratio | step, ms | read per step, GB | share of bandwidth |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var batch in work.Batches)
        {
            var seconds = ours.Decode(batch);
            var bytes = ours.BytesPerStep(batch);
            Print($"decode {batch}", batch / seconds, peer.Decode(batch), $"{seconds * 1e3:F2} | {bytes / Giga:F2} | {bytes / seconds / bandwidth:P0}");
        }

        Print($"prefill {work.Prompt}", work.Prompt / ours.Prefill(), peer.Prefill, "| |");
        return 0;
    }

    private static void Print(string what, double ours, double? peer, string rest) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"| {what} | {ours:F0} | {(peer is { } theirs ? $"{theirs:F0}" : "")} | {(peer is { } other ? $"{ours / other:F2}" : "")} | {rest} |"));
}

/// <summary>What both sides are asked to do.</summary>
/// <param name="Context">Positions each sequence holds before the first decoded token.</param>
/// <param name="Prompt">Tokens of the prompt that is read.</param>
internal sealed record GpuWork(string Device, DType Weights, IReadOnlyList<int> Batches, int Context, int Prompt, int Steps, int Rounds);
