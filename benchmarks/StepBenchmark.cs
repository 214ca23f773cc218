using System.Diagnostics;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Benchmarks;

/// <summary>
/// Whole steps of the CPU engine on a random model: microseconds per decoded token of one sequence, sampling
/// included, and tokens per second of a 512-token prompt. Best and median, because a shared machine only adds time.
/// </summary>
internal static class StepBenchmark
{
    private const int Prompt = 512;

    public static void Run(Options options)
    {
        var spec = Model(
            options.Number("--layers", 6),
            options.Number("--hidden", 128),
            options.Number("--heads", 4),
            options.Number("--vocabulary", 1000));
        var weights = options.Choice<WeightFormat>("--weights") ?? WeightFormat.F32;
        var cpu = new CpuOptions { Threads = options.Number("--threads", 0), Weights = weights };
        using var decoder = new CpuDecoder(spec, 2 * Prompt / KvGeometry.DefaultPageTokens, cpu);
        var table = new KvTable(0, decoder.Geometry);
        for (var page = 0; page < decoder.PageCount; page++) table.MutablePages(0).Add(page);
        Console.WriteLine(decoder.Description);

        var group = new RowGroup(
            table,
            spec.AllLayers,
            0,
            new TokenRows(new int[Prompt]),
            RowMask.Causal,
            RowGroup.NoAdapter,
            new Keep(new Rows(0), 0, Prompt - 1, 1));
        var head = new HeadCall(0, new RowRef(new Rows(0), 0), SampleSpec.Greedy);
        var decode = group with { Start = 64, In = new TokenRows(new int[1]), Keep = new Keep(new Rows(0), 0, 0, 1) };
        var rounds = options.Number("--rounds", 5);
        var prefill = Measure(() => decoder.Run(new StepBatch([group, head])), rounds);
        Console.WriteLine(
            $"prefill {Prompt}: best {Prompt / prefill.Best:F0}, median {Prompt / prefill.Median:F0} tokens/s, "
            + $"{Prompt / prefill.Processor:F0} per CPU second");
        var token = Measure(() => decoder.Run(new StepBatch([decode, head])), 100 * rounds);
        Console.WriteLine(
            $"decode: best {token.Best * 1e6:F0}, median {token.Median * 1e6:F0} µs/token, {token.Processor * 1e6:F0} µs of CPU time");
    }

    /// <summary>Seconds: the best, the median, and the mean of processor time, which a neighbour does not add to.</summary>
    private static (double Best, double Median, double Processor) Measure(Action action, int rounds)
    {
        var times = new double[rounds];
        action();
        var processor = Environment.CpuUsage.TotalTime;
        for (var round = 0; round < rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            times[round] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        Array.Sort(times);
        return (times[0], times[rounds / 2], (Environment.CpuUsage.TotalTime - processor).TotalSeconds / rounds);
    }

    private static DecoderSpec Model(int layers, int hidden, int heads, int vocabulary)
    {
        var random = new Random(1);
        var mlp = hidden * 8 / 3 / 32 * 32;
        var headDim = hidden / heads;
        var frequencies = Enumerable.Range(0, headDim / 2).Select(i => (float)Math.Pow(10000, -2.0 * i / headDim)).ToArray();
        var ones = Tensor.FromArray("norm", [hidden], [.. Enumerable.Repeat(1f, hidden)]);
        var norm = new NormSpec(NormKind.Rms, VectorWeight.Of(ones), null, 1e-5f);
        Matrix Weight(int outputs, int inputs)
        {
            var data = new float[outputs * inputs];
            for (var i = 0; i < data.Length; i++) data[i] = (random.NextSingle() - 0.5f) / MathF.Sqrt(inputs);
            return Matrix.Of(Tensor.FromArray("random", [outputs, inputs], data));
        }

        Linear Product(int outputs, int inputs) => new(Weight(outputs, inputs));
        return new DecoderSpec
        {
            HiddenSize = hidden,
            VocabularySize = vocabulary,
            MaxPositions = 2 * Prompt,
            Embeddings = [new EmbeddingSpec(Weight(vocabulary, hidden))],
            Heads = [new HeadSpec("head", norm, Product(vocabulary, hidden))],
            Layers =
            [
                .. Enumerable.Range(0, layers).Select(_ => new LayerSpec(
                    norm,
                    new AttentionSpec(
                        heads,
                        heads,
                        headDim,
                        Product(hidden, hidden),
                        Product(hidden, hidden),
                        Product(hidden, hidden),
                        Product(hidden, hidden),
                        (float)(1 / Math.Sqrt(headDim)),
                        new RopeSpec(headDim, frequencies)),
                    norm,
                    new MlpSpec(Activation.Silu, Product(mlp, hidden), Product(mlp, hidden), Product(hidden, mlp)))),
            ],
        };
    }
}
