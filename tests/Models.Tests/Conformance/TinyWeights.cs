using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>Random weights by seed: the same seed always gives the same tensors, in the order they are asked for.</summary>
internal sealed class TinyWeights(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>[outputs, inputs] with variance gain² / inputs.</summary>
    public Matrix Matrix(int outputs, int inputs, float gain = 1) =>
        Models.Decoding.Matrix.Of(Normal([outputs, inputs], gain / MathF.Sqrt(inputs)));

    public Linear Linear(int outputs, int inputs, bool bias = false, float gain = 1) =>
        new(Matrix(outputs, inputs, gain), bias ? Vector(outputs) : null);

    /// <summary>[length] around zero.</summary>
    public VectorWeight Vector(int length, float deviation = 0.1f) => VectorWeight.Of(Normal([length], deviation));

    /// <summary>A norm with weights around one.</summary>
    public NormSpec Norm(NormKind kind, int length)
    {
        var weight = new float[length];
        for (var i = 0; i < length; i++) weight[i] = 1 + (0.2f * Next());
        var bias = kind == NormKind.Layer ? Vector(length) : null;
        return new NormSpec(kind, VectorWeight.Of(Tensor.FromArray("norm", [length], weight)), bias, 1e-5f);
    }

    /// <summary>[length] with the given deviation.</summary>
    public float[] Array(int length, float deviation)
    {
        var values = new float[length];
        for (var i = 0; i < length; i++) values[i] = deviation * Next();
        return values;
    }

    private Tensor Normal(int[] shape, float deviation) =>
        Tensor.FromArray("tiny", shape, Array(shape.Aggregate(1, (product, dimension) => product * dimension), deviation));

    private float Next() =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()));
}
