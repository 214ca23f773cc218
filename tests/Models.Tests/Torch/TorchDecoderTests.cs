using System.Runtime.InteropServices;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Torch;
using Microsoft.Extensions.Logging.Abstractions;

namespace InferenceServer.Models.Tests.Torch;

/// <summary>What is the GPU engine's own: memory that stays flat, other weight types, devices that are not there.</summary>
[Collection(nameof(TorchDecoderTests))]
[CollectionDefinition(nameof(TorchDecoderTests), DisableParallelization = true)]
public class TorchDecoderTests
{
    private static readonly int[] Tokens = [.. Enumerable.Range(0, 40)];

    [Fact]
    public void A_thousand_steps_leave_as_many_tensors_as_they_found()
    {
        using var decoder = TorchEngine.Open(TinyModels.Llama().WithTas().WithBitune(), 64);
        var harness = new DecoderHarness(decoder);
        var (table, rows, thought) = (harness.Table(64), harness.NewRows(), harness.NewRows());
        void Step(int i)
        {
            var group = harness.Prompt(Tokens[..(1 + (i % 5))], table) with { Start = i % 32, Adapter = i % 2 };
            harness.Run(
                SeamConformance.Keeping(group, rows),
                SeamConformance.Keeping(group with { Range = new LayerRange(0, 2), Start = 40 }, thought),
                new HeadCall(0, new RowRef(rows, 0), new SampleSpec { Temperature = 1, TopP = 0.9f, Index = (uint)i }),
                new HeadCall(1, new RowRef(thought, 0), SampleSpec.Greedy));
            decoder.Release(rows);
            decoder.Release(thought);
        }

        for (var i = 0; i < 20; i++) Step(i);
        var (tensors, kept) = (TorchDevice.LiveTensors, decoder.KeptRowBytes);
        for (var i = 0; i < 1000; i++) Step(i);
        Assert.Equal((tensors, kept), (TorchDevice.LiveTensors, decoder.KeptRowBytes));
    }

    [Fact]
    public void A_disposed_decoder_leaves_no_tensor_and_refuses_work()
    {
        // Names of natively shared scalars and options are made at the first use.
        TorchEngine.Open(TinyModels.Llama(), 4).Dispose();
        var before = TorchDevice.LiveTensors;
        var decoder = TorchEngine.Open(TinyMethods.IcotKd(), 40);
        var harness = new DecoderHarness(decoder);
        harness.Logprobs(harness.Prompt(Tokens));
        Assert.True(TorchDevice.LiveTensors > before);
        decoder.Dispose();
        decoder.Dispose();
        Assert.Equal(before, TorchDevice.LiveTensors);
        Assert.Throws<ObjectDisposedException>(() => decoder.Run(new StepBatch([])));
    }

    [Theory]
    [InlineData("llama", DType.BF16, 0.06)]
    [InlineData("llama-bf16", DType.BF16, 0.06)]
    [InlineData("gpt2", DType.BF16, 0.06)]
    [InlineData("phi3-long", DType.BF16, 0.06)]
    [InlineData("llama-f16", DType.F16, 0.01)]
    public void Half_weights_come_near(string name, DType type, double tolerance)
    {
        Assert.SkipWhen(type == DType.F16 && TorchEngine.Name == "torch-cpu", "torch-cpu has no products in f16.");
        using var golden = Golden.Open(name);
        using var decoder = TorchEngine.Open(golden.Model.Spec, 64, type: type);
        var harness = new DecoderHarness(decoder);
        var found = harness.Logprobs(harness.Prompt(golden.Tokens));
        var worst = golden.Logits.Zip(found).Max(row => Golden.LogSoftmax(row.First).Zip(row.Second).Max(pair => Math.Abs(pair.First - pair.Second)) / row.First.Max(Math.Abs));
        Assert.InRange(worst, 1e-6, tolerance);
    }

    [Fact]
    public void Heads_and_embeddings_that_share_a_tensor_share_its_memory()
    {
        using var tied = Golden.Open("llama-tied");
        var spec = tied.Model.Spec;
        var plan = new MemoryPlan(spec, KvGeometry.For(spec), 4, 64);
        using var decoder = TorchEngine.Open(spec, 4);
        // Norms and tables of positions are beside the plan; another head would be far more.
        Assert.InRange(decoder.WeightBytes - plan.Weights, 0, spec.Layers.Count * 4L * 4 * spec.HiddenSize);
        Assert.True(spec.Heads[0].Output.Weight == spec.Embeddings[0].Tokens);
    }

    [Fact]
    public void A_cuda_device_that_is_not_there_is_one_clear_error()
    {
        Assert.SkipWhen(NativeLibrary.TryLoad("libcuda.so.1", out _), "This machine has an NVIDIA driver.");
        var options = new ModelOptions { Name = "tiny", Path = "none", Device = "cuda:0" };
        var refused = Assert.Throws<DeviceException>(() => new TorchDecoderSource().Open(TinyModels.Llama(), options, NullLogger.Instance, null));
        Assert.Contains("'cuda:0'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("no NVIDIA driver", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cuda:0", true)]
    [InlineData("cuda:12", true)]
    [InlineData("torch-cpu", true)]
    [InlineData("cuda:", false)]
    [InlineData("cuda:-1", false)]
    [InlineData("cuda", false)]
    [InlineData("cpu", false)]
    public void It_runs_on_what_it_names(string device, bool runs) => Assert.Equal(runs, new TorchDecoderSource().Runs(device));

    [Fact]
    public void Half_precision_on_the_processor_is_refused()
    {
        var options = new ModelOptions { Name = "tiny", Path = "none", Device = "torch-cpu", Accelerator = new AcceleratorOptions { Weights = DType.F16 } };
        Assert.Throws<DeviceException>(() => new TorchDecoderSource().Open(TinyModels.Llama(), options, NullLogger.Instance, null));
    }

    [Fact]
    public void Memory_for_rows_that_thoughts_keep_is_taken_off_the_pages()
    {
        var plain = TinyModels.Llama();
        var options = new ModelOptions { Name = "tiny", Path = "none", Device = TorchEngine.Name, KvMemory = 4 << 20 };
        int Pages(DecoderSpec spec)
        {
            using var decoder = new TorchDecoderSource().Open(spec, options, NullLogger.Instance, null).Decoder;
            return decoder.PageCount * decoder.Geometry.LayersPerPage;
        }

        var (all, thinking) = (Pages(plain), Pages(plain.WithTas()));
        // Per position below the cut: 2 layers of 2 heads of 16, keys and values, against a row of 64.
        Assert.Equal(128.0 / (128 + 64), (double)thinking / all, 0.02);
    }
}
