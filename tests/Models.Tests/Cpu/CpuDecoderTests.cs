using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Conformance;

namespace InferenceServer.Models.Tests.Cpu;

public class CpuDecoderTests
{
    private static readonly int[] Tokens = [.. Enumerable.Range(0, 40)];

    [Fact]
    public void A_step_that_asks_for_what_is_not_there_throws_and_writes_nothing()
    {
        var spec = TinyModels.Gpt2(new TinyShape { Positions = 64 }).WithTas().WithBitune();
        using var decoder = new CpuDecoder(spec, 40, new CpuOptions { Threads = 1 });
        var harness = new DecoderHarness(decoder);
        var rows = harness.NewRows();
        var prompt = SeamConformance.Keeping(harness.Prompt(Tokens), rows);
        harness.Run(prompt);
        var before = harness.Logprobs(0, rows, Tokens.Length);

        var bare = new KvTable(99, decoder.Geometry);
        var foreign = new KvTable(98, new KvGeometry(8, 1, 4));
        var wrong = new KvTable(97, decoder.Geometry);
        for (var group = 0; group < decoder.Geometry.LayerGroups; group++) wrong.MutablePages(group).AddRange([0, 40, 41]);
        StepOp[] impossible =
        [
            prompt with { Range = new LayerRange(0, 5) },
            prompt with { Range = new LayerRange(3, 2) },
            prompt with { Start = -1 },
            prompt with { Start = 30 },
            prompt with { Start = int.MaxValue },
            prompt with { Adapter = 2 },
            prompt with { In = new TokenRows(new[] { 3, 97 }) },
            prompt with { In = new TokenRows(new[] { -1 }) },
            prompt with { In = new TokenRows(new[] { 1 }, 1) },
            prompt with { In = new VectorRows(0) },
            prompt with { In = new KeptRows(new Rows(77), 0, 1) },
            prompt with { In = new KeptRows(rows, 39, 2) },
            prompt with { In = new KeptRows(rows, -1, 2) },
            prompt with { In = new JoinedRows([new TokenRows(new[] { 1 }), new KeptRows(rows, 40, 1)]) },
            prompt with { Keep = new Keep(rows, 0, 39, 2) },
            prompt with { Keep = new Keep(rows, -1, 0, 1) },
            prompt with { Kv = bare },
            prompt with { Kv = foreign },
            prompt with { Kv = wrong },
            new HeadCall(2, new RowRef(rows, 0), SampleSpec.Greedy),
            new HeadCall(0, new RowRef(rows, 40), SampleSpec.Greedy),
            new HeadCall(0, new RowRef(rows, 0), SampleSpec.Greedy, new RowRef(rows, 1)),
            new KvBlend(prompt.Kv, prompt.Kv, prompt.Range, 64, 0),
            new KvBlend(prompt.Kv, prompt.Kv, prompt.Range, 1, 1),
            new SideNetCall(0, 0, 0, new RowRef(rows, 0), new RowRef(rows, 1)),
        ];
        // Each comes after work that would overwrite what is kept.
        var harmful = prompt with { In = new TokenRows(Tokens.Reverse().ToArray()) };
        Assert.All(impossible, op =>
        {
            Assert.Throws<ArgumentException>(() => decoder.Run(new StepBatch([harmful, op])));
            Assert.Equal(before, harness.Logprobs(0, rows, Tokens.Length));
        });
        var last = prompt with { Start = 39, In = new TokenRows(Tokens.AsMemory(39)) };
        Assert.Equal(before[^1], harness.Logprobs(last)[0]);
    }

    [Fact]
    public void Rows_of_a_later_group_may_not_be_read_before_they_are_kept()
    {
        using var decoder = new CpuDecoder(TinyModels.Llama().WithTas(), 40, new CpuOptions { Threads = 1 });
        var harness = new DecoderHarness(decoder);
        var rows = harness.NewRows();
        var upper = SeamConformance.Keeping(harness.Prompt(Tokens), rows);
        var reader = harness.Prompt(Tokens) with { Range = new LayerRange(2, 4), In = new KeptRows(rows, 0, Tokens.Length) };
        Assert.Throws<ArgumentException>(() => decoder.Run(new StepBatch([upper, reader])));
        decoder.Run(new StepBatch([upper with { Range = new LayerRange(0, 2) }, reader]));
    }

    [Fact]
    public void Releasing_rows_below_an_index_frees_their_memory()
    {
        using var decoder = new CpuDecoder(TinyModels.Llama(), 16, new CpuOptions { Threads = 1 });
        var harness = new DecoderHarness(decoder);
        var rows = harness.NewRows();
        harness.Run(SeamConformance.Keeping(harness.Prompt([.. Enumerable.Range(0, 64)]), rows));
        var all = decoder.KeptRowBytes;
        Assert.True(all >= 64 * 64 * sizeof(float));
        decoder.Release(rows, below: 32);
        Assert.Equal(all / 2, decoder.KeptRowBytes);
        decoder.Release(rows, below: 40);
        Assert.Throws<ArgumentException>(() => harness.Logprobs(0, rows, 1));
        decoder.Release(rows);
        decoder.Release(rows);
        Assert.Equal(0, decoder.KeptRowBytes);
    }

    [Fact]
    public void A_decode_step_leaves_little_garbage()
    {
        using var decoder = new CpuDecoder(TinyModels.Llama(), 16, new CpuOptions { Threads = 1 });
        var harness = new DecoderHarness(decoder);
        var rows = harness.NewRows();
        var prompt = harness.Prompt(Tokens);
        harness.Run(prompt);
        var step = new StepBatch(
        [
            prompt with { Start = 39, In = new TokenRows(Tokens.AsMemory(39)), Keep = new Keep(rows, 0, 0, 1) },
            new HeadCall(0, new RowRef(rows, 0), SampleSpec.Greedy),
        ]);
        for (var i = 0; i < 10; i++) decoder.Run(step);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) decoder.Run(step);
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 100, 0, 6000);
    }

    [Theory]
    [InlineData(KvFormat.F32, 4 * 16, 0)]
    [InlineData(KvFormat.BF16, 2 * 16, 0)]
    [InlineData(KvFormat.Q8, 16, 4)]
    public void The_size_of_a_page_is_what_the_arena_uses(KvFormat format, int bytes, int scaleBytes)
    {
        var spec = TinyModels.Llama().WithTas();
        // 2 layers a page, 2 KV heads of 16 dimensions, keys and values, 16 positions.
        Assert.Equal(2 * 2 * 2 * 16 * (bytes + scaleBytes), CpuDecoder.BytesPerPage(spec, KvGeometry.For(spec), format));
    }

    [Fact]
    public void The_description_names_path_threads_and_format()
    {
        var reports = new List<double>();
        var options = new CpuOptions { Threads = 2, Force = KernelPath.Portable, Weights = WeightFormat.BF16 };
        using (var decoder = new CpuDecoder(TinyModels.Llama(), 3, options, new Reports(reports)))
        {
            Assert.StartsWith("cpu: Portable kernels, 2 threads, BF16 weights", decoder.Description, StringComparison.Ordinal);
            Assert.Equal(3, decoder.PageCount);
        }

        Assert.Equal(TinyModels.Llama().Layers.Count + 1, reports.Count);
        Assert.Equal(reports.Order(), reports);
        Assert.InRange(reports[0], 0.1, 0.3);
        Assert.Equal(1, reports[^1]);
    }

    [Fact]
    public void A_disposed_decoder_refuses_work()
    {
        var decoder = new CpuDecoder(TinyModels.Llama(), 3, new CpuOptions { Threads = 2 });
        decoder.Dispose();
        decoder.Dispose();
        Assert.Throws<ObjectDisposedException>(() => decoder.Run(new StepBatch([])));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CpuDecoder(TinyModels.Llama(), 3, new CpuOptions { Threads = -1 }));
    }

    private sealed class Reports(List<double> values) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => values.Add(value.Share);
    }
}
