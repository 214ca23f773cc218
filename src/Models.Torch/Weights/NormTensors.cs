using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Torch.Weights;

/// <summary>A norm over the last dimension, always computed in f32.</summary>
internal sealed class NormTensors
{
    private static readonly long[] Last = [-1];

    private readonly NormKind _kind;
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly float _epsilon;
    private readonly Scalar _epsilonScalar;
    private readonly long[] _shape;

    public NormTensors(WeightUpload upload, NormSpec spec)
    {
        var weight = spec.Weight.ToArray();
        if (spec.AddOne) weight = Array.ConvertAll(weight, value => value + 1);
        _kind = spec.Kind;
        _weight = upload.Vector(weight, torch.ScalarType.Float32);
        _bias = spec.Bias is null ? null : upload.Vector(spec.Bias.ToArray(), torch.ScalarType.Float32);
        _epsilon = spec.Epsilon;
        _epsilonScalar = ((double)spec.Epsilon).ToScalar();
        _shape = [weight.Length];
    }

    /// <summary>[…, n] of any type to [.., n] in f32.</summary>
    public Tensor Apply(Tensor x)
    {
        var f = x.to(torch.ScalarType.Float32);
        if (_kind == NormKind.Layer) return torch.nn.functional.layer_norm(f, _shape, _weight, _bias, _epsilon);
        var scale = f.mul(f).mean(Last, true).add_(_epsilonScalar).rsqrt_();
        var normed = f.mul(scale).mul_(_weight);
        return _bias is null ? normed : normed.add_(_bias);
    }
}
