using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Conformance;

namespace InferenceServer.Models.Tests.Cpu;

/// <summary>Numbers do not depend on company, for every path, format and number of threads: bit for bit.</summary>
public class CompanyTests
{
    private const int Pages = 256;

    // Large enough that products, rows and attention of a batch are split over threads.
    private static readonly TinyShape Shape = new() { Hidden = 192, Heads = 6, KvHeads = 2, Feed = 516, Layers = 2, Vocabulary = 1003 };

    private static readonly int[] Tokens = [.. Enumerable.Range(0, 41).Select(i => (i * 53) % 1003)];

    public static TheoryData<KernelPath, WeightFormat> PathsAndFormats => CpuPaths.PathsAndFormats;

    public static MatrixTheoryData<KernelPath, KvFormat> PathsAndKv => CpuPaths.PathsAndKv;

    [Theory]
    [MemberData(nameof(PathsAndFormats))]
    public void A_prompt_has_the_same_bits_on_every_path_with_any_threads_in_any_chunks(KernelPath path, WeightFormat format) =>
        CheckChunks(path, format, KvFormat.F32);

    [Theory]
    [MemberData(nameof(PathsAndKv))]
    public void A_prompt_has_the_same_bits_in_any_chunks_with_narrow_KV(KernelPath path, KvFormat kv) => CheckChunks(path, WeightFormat.BF16, kv);

    [Theory]
    [MemberData(nameof(PathsAndFormats))]
    public void A_decode_step_has_the_same_bits_in_batches_of_two_to_thirty_three(KernelPath path, WeightFormat format) =>
        CheckBatches(path, format, KvFormat.F32);

    [Theory]
    [MemberData(nameof(PathsAndKv))]
    public void A_decode_step_has_the_same_bits_in_any_batch_with_narrow_KV(KernelPath path, KvFormat kv) => CheckBatches(path, WeightFormat.BF16, kv);

    [Theory]
    [InlineData(KvFormat.F32)]
    [InlineData(KvFormat.BF16)]
    [InlineData(KvFormat.Q8)]
    public void A_row_that_is_not_a_number_is_flagged_and_harms_no_other(KvFormat kv)
    {
        var spec = TinyModels.Llama(Shape) with { Vectors = [[.. Enumerable.Repeat(float.NaN, Shape.Hidden)]] };
        using var decoder = new CpuDecoder(spec, 16, new CpuOptions { Threads = 2, Kv = kv });
        var harness = new DecoderHarness(decoder);
        var expected = harness.Logprobs(harness.Prompt(Tokens));

        var (good, bad) = (harness.NewRows(), harness.NewRows());
        var prompt = harness.Prompt(Tokens);
        var poisoned = harness.Prompt(Tokens) with
        {
            In = new JoinedRows([new TokenRows(Tokens.AsMemory(0, 20)), new VectorRows(0), new TokenRows(Tokens.AsMemory(0, 5))]),
        };
        harness.Run(SeamConformance.Keeping(prompt, good), SeamConformance.Keeping(poisoned, bad));
        Assert.Equal(expected, harness.Logprobs(0, good, Tokens.Length));
        // Rows before the bad one do not see it, though they share its attention block; all after it do.
        Assert.Equal(expected[..20], harness.Logprobs(0, bad, 20));
        for (var row = 20; row < 26; row++)
            Assert.False(harness.Run(new HeadCall(0, new RowRef(bad, row), SampleSpec.Greedy)).Heads[0].Finite);

        // Its pages go to the next sequence as they are.
        Assert.Equal(expected, harness.Logprobs(prompt with { Kv = poisoned.Kv }));
    }

    [Fact]
    public void A_full_mask_run_layer_by_layer_has_the_bits_of_one_run()
    {
        var spec = TinyModels.Llama(Shape) with { Cuts = [1] };
        using var decoder = new CpuDecoder(spec, 32, new CpuOptions { Threads = 2 });
        var harness = new DecoderHarness(decoder);
        var prompt = harness.Prompt(Tokens) with { Mask = RowMask.Full };
        var expected = harness.Logprobs(prompt);
        var rows = harness.NewRows();
        var lower = SeamConformance.Keeping(harness.Prompt(Tokens) with { Mask = RowMask.Full, Range = new LayerRange(0, 1) }, rows);
        harness.Run(lower);
        var upper = lower with { Range = new LayerRange(1, 2), In = new KeptRows(rows, 0, Tokens.Length), Keep = null };
        Assert.Equal(expected, harness.Logprobs(upper));
    }

    private static void CheckChunks(KernelPath path, WeightFormat format, KvFormat kv)
    {
        var expected = Alone(format, kv);
        foreach (var threads in (int[])[1, 2, 3])
        {
            using var decoder = Create(path, format, threads, kv);
            var harness = new DecoderHarness(decoder);
            Assert.Equal(expected, harness.Logprobs(harness.Prompt(Tokens)));
            foreach (var chunk in (int[])[1, 2, 5, 13, 16, 17])
            {
                var prompt = harness.Prompt(Tokens);
                var rows = Tokens.Chunk(chunk).SelectMany((part, i) =>
                    harness.Logprobs(prompt with { Start = i * chunk, In = new TokenRows(part) }));
                Assert.Equal(expected, rows);
            }
        }
    }

    private static void CheckBatches(KernelPath path, WeightFormat format, KvFormat kv)
    {
        var expected = Alone(format, kv)[^1];
        using var decoder = Create(path, format, 2, kv);
        var harness = new DecoderHarness(decoder);
        var last = Tokens.Length - 1;
        var mine = harness.Prompt(Tokens);
        harness.Run(mine with { In = new TokenRows(Tokens.AsMemory(0, last)) });
        var others = Enumerable.Range(1, 32).Select(i => harness.Prompt(Tokens[i..])).ToArray();
        var (rows, waste) = (harness.NewRows(), harness.NewRows());
        foreach (var size in (int[])[2, 3, 4, 5, 8, 12, 13, 17, 25, 33])
        {
            // Neighbours of all kinds: prompts, single tokens, and rows that leave after the first layer.
            var company = others[..(size - 1)].Select<RowGroup, StepOp>((other, i) => (i % 3) switch
            {
                0 => other,
                1 => other with { In = new TokenRows(new[] { i }), Keep = new Keep(waste, 0, 0, 1) },
                _ => other with { Range = new LayerRange(0, 1) },
            }).ToList();
            company.Insert(size / 2, mine with { Start = last, In = new TokenRows(Tokens.AsMemory(last)), Keep = new Keep(rows, 0, 0, 1) });
            decoder.Run(new StepBatch(company));
            Assert.Equal(expected, harness.Logprobs(0, rows, 1)[0]);
        }
    }

    private static double[][] Alone(WeightFormat format, KvFormat kv)
    {
        using var decoder = Create(KernelPath.Portable, format, 1, kv);
        var harness = new DecoderHarness(decoder);
        var prompt = harness.Prompt(Tokens);
        return [.. Tokens.Select((token, i) => harness.Logprobs(prompt with { Start = i, In = new TokenRows(new[] { token }) })[0])];
    }

    private static CpuDecoder Create(KernelPath path, WeightFormat format, int threads, KvFormat kv) =>
        new(TinyModels.Llama(Shape) with { Cuts = [1] }, Pages, new CpuOptions { Force = path, Weights = format, Kv = kv, Threads = threads });
}
