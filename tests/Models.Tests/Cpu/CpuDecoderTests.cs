using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Conformance;

namespace InferenceServer.Models.Tests.Cpu;

public class CpuDecoderTests
{
    private static readonly int[] Tokens = [.. Enumerable.Range(0, 40)];

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
