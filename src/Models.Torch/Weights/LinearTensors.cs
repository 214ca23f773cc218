using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Torch.Weights;

/// <summary>One product y = x · Wᵀ + b, of one linear map or of several that read the same rows.</summary>
internal sealed class LinearTensors
{
    private readonly Tensor _transposed;
    private readonly Tensor? _bias;

    /// <param name="parts">Maps over the same inputs; their outputs lie one after the other.</param>
    public LinearTensors(WeightUpload upload, params IReadOnlyList<Linear> parts)
    {
        var weight = upload.Stacked([.. parts.Select(part => part.Weight)]);
        _transposed = upload.View(weight.t);
        Offsets = new int[parts.Count];
        for (var i = 1; i < parts.Count; i++) Offsets[i] = checked(Offsets[i - 1] + parts[i - 1].Outputs);
        Outputs = checked(Offsets[^1] + parts[^1].Outputs);
        if (parts.Any(part => part.Bias is not null)) _bias = upload.Vector(Biases(parts), upload.Device.DType);
    }

    public int Outputs { get; }

    /// <summary>First output of each part.</summary>
    public int[] Offsets { get; }

    /// <summary>x [rows, inputs] in the type of products to [rows, Outputs] in the same.</summary>
    public Tensor Apply(Tensor x) => _bias is null ? x.mm(_transposed) : _bias.addmm(x, _transposed);

    private static float[] Biases(IReadOnlyList<Linear> parts) =>
        [.. parts.SelectMany(part => part.Bias?.ToArray() ?? new float[part.Outputs])];
}
