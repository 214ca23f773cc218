using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Torch.Sampling;

/// <summary>The numbers of draws as columns [rows, 1] in f64, sent in one piece.</summary>
internal sealed class DrawTensors
{
    private readonly Tensor _columns;

    public DrawTensors(TorchDevice device, IReadOnlyList<SampleSpec> specs)
    {
        double[] values =
        [
            .. specs.Select(spec => (double)spec.Temperature),
            .. specs.Select(spec => CounterRandom.Uniform(spec.Seed, spec.Stream, spec.Index)),
            .. specs.Select(spec => spec.TopK > 0 ? spec.TopK : double.PositiveInfinity),
            .. specs.Select(spec => spec.TopP < 1 ? spec.TopP : double.PositiveInfinity),
            .. specs.Select(spec => (double)spec.MinP),
        ];
        _columns = device.Upload(values).view(5, specs.Count, 1);
    }

    public Tensor Temperature => _columns.select(0, 0);

    /// <summary>In [0, 1).</summary>
    public Tensor Uniform => _columns.select(0, 1);

    /// <summary>Infinite where there is no cut, as <see cref="TopP"/>.</summary>
    public Tensor TopK => _columns.select(0, 2);

    public Tensor TopP => _columns.select(0, 3);

    public Tensor MinP => _columns.select(0, 4);
}
