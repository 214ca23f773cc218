using System.Diagnostics;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Cpu.Weights;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Benchmarks;

/// <summary>
/// All products of a 110M-parameter decoder (12 layers, hidden 768, MLP 2048 with a gate, head 32000) at 1, 64 and
/// 512 rows, against what memory gives in the same rounds. Rounds visit every cell in turn; medians are printed, and the
/// rate per second of processor time, which neighbours on the machine do not dilute.
/// </summary>
internal static unsafe class KernelBenchmark
{
    private const int Layers = 12;
    private const int Hidden = 768;
    private const int Mlp = 2048;
    private const int Vocabulary = 32000;
    private static readonly int[] RowCounts = [1, 64, 512];

    public static readonly Command Command = new(
        "kernels",
        "the products of a 110M model per weight format, and what they take of the processor's time",
        [Command.Rounds, Command.Threads, Command.Path],
        Run);

    private static int Run(Options options)
    {
        var threads = options.Threads;
        var rounds = options.Number("--rounds", 5);
        var kernels = KernelSet.Choose(options.Path);
        using var pool = new WorkerPool(threads);
        using var memory = new NativeBuffer(1L << 29);
        new Span<byte>(memory.Bytes, 1 << 29).Fill(1);
        var products = new Products(kernels, pool);
        var formats = Enum.GetValues<WeightFormat>();
        var models = formats.Select(format => Weights(format, threads)).ToArray();

        var bandwidth = new List<double>();
        var times = formats.SelectMany(_ => RowCounts).Select(_ => new List<double>()).ToArray();
        var processor = new double[times.Length];
        for (var round = 0; round <= rounds; round++)
        {
            var read = Seconds(() => ReadAll(pool, memory));
            if (round > 0) bandwidth.Add(memory.Length / read / 1e9);
            for (var cell = 0; cell < times.Length; cell++)
            {
                var (model, rows) = (models[cell / RowCounts.Length], RowCounts[cell % RowCounts.Length]);
                var before = Environment.CpuUsage.TotalTime;
                var seconds = Seconds(() => Forward(products, model, rows));
                if (round == 0) continue;
                times[cell].Add(seconds);
                processor[cell] += (Environment.CpuUsage.TotalTime - before).TotalSeconds / rounds;
            }
        }

        Console.WriteLine($"{kernels.Path}, {threads} threads, {rounds} rounds; memory read {Median(bandwidth):F1} GB/s");
        Console.WriteLine("format  rows      ms/pass     GB/s  of memory   GFLOP/s  per CPU s   rows/s");
        for (var cell = 0; cell < times.Length; cell++)
        {
            var (model, rows) = (models[cell / RowCounts.Length], RowCounts[cell % RowCounts.Length]);
            var seconds = Median(times[cell]);
            var bytes = model.Sum(weight => (double)weight.Bytes);
            var flops = model.Sum(weight => 2.0 * weight.Inputs * weight.Outputs) * rows;
            var rate = bytes / seconds / 1e9;
            Console.WriteLine(
                $"{model[0].Format,-6} {rows,5} {seconds * 1e3,12:F2} {rate,8:F1} {rate / Median(bandwidth),9:P0} "
                + $"{flops / seconds / 1e9,9:F0} {flops / processor[cell] / 1e9,10:F0} {rows / seconds,8:F0}");
        }

        return 0;
    }

    private static void Forward(Products products, PackedMatrix[] model, int rows)
    {
        using var x = new NativeBuffer();
        using var y = new NativeBuffer();
        var (ldx, ldy) = (Mlp + 32, Vocabulary);
        new Span<float>(x.Ensure((long)ldx * rows), ldx * rows).Fill(0.5f);
        y.Ensure((long)ldy * rows);
        foreach (var weight in model) products.Run(weight, null, x.Floats, ldx, y.Floats, weight.Outputs, rows);
    }

    private static void ReadAll(WorkerPool pool, NativeBuffer memory)
    {
        const int Chunk = 1 << 20;
        pool.Run((int)(memory.Length / Chunk), (item, _) =>
        {
            var span = new ReadOnlySpan<long>(memory.Bytes + ((long)item * Chunk), Chunk / sizeof(long));
            if (System.Numerics.Tensors.TensorPrimitives.Sum(span) == 0) throw new InvalidOperationException("Memory was not written.");
        });
    }

    private static PackedMatrix[] Weights(WeightFormat format, int threads)
    {
        var random = new Random(1);
        (int Outputs, int Inputs)[] layer = [(3 * Hidden, Hidden), (Hidden, Hidden), (2 * Mlp, Hidden), (Hidden, Mlp)];
        var shapes = Enumerable.Repeat(layer, Layers).SelectMany(shape => shape).Append((Vocabulary, Hidden));
        return [.. shapes.Select(shape => PackedMatrix.Pack(format, threads, Random(random, shape.Item1, shape.Item2)))];
    }

    private static Matrix Random(Random random, int outputs, int inputs)
    {
        var data = new float[outputs * inputs];
        for (var i = 0; i < data.Length; i++) data[i] = random.NextSingle() - 0.5f;
        return Matrix.Of(Tensor.FromArray("random", [outputs, inputs], data));
    }

    private static double Seconds(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
