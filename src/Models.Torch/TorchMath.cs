namespace InferenceServer.Models.Torch;

/// <summary>What libtorch bindings of different versions name differently or lack, from operations all of them have.</summary>
internal static class TorchMath
{
    // Scalars are native objects: made once, not once a call.
    private static readonly Scalar Half = 0.5.ToScalar();
    private static readonly Scalar One = 1.0.ToScalar();
    private static readonly Scalar Two = 2.0.ToScalar();
    private static readonly Scalar CubeWeight = 0.044715.ToScalar();
    private static readonly Scalar TanhWeight = Math.Sqrt(2 / Math.PI).ToScalar();

    public static readonly Scalar NegativeInfinity = double.NegativeInfinity.ToScalar();

    public static readonly Scalar Unit = One;

    public static readonly Scalar Zero = 0.0.ToScalar();

    /// <summary>act(x) of a two-dimensional x.</summary>
    public static Tensor Activate(Tensor x, Decoding.Activation activation) => activation switch
    {
        Decoding.Activation.Silu => x.silu(),
        Decoding.Activation.Gelu => x.gelu(),
        Decoding.Activation.GeluTanh => GeluTanh(x),
        Decoding.Activation.Relu => x.relu(),
        _ => throw new NotSupportedException($"Activation {activation} is unknown to this engine."),
    };

    // x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³)))
    private static Tensor GeluTanh(Tensor x)
    {
        var inner = x.pow(Two).mul_(CubeWeight).add_(One).mul_(x).mul_(TanhWeight).tanh_();
        return inner.add_(One).mul_(x).mul_(Half);
    }
}
