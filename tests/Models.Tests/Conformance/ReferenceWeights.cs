using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>Weights widened to f32 once, and the products and norms made of them, one row at a time with sums in double.</summary>
internal sealed class ReferenceWeights
{
    private readonly Dictionary<Matrix, float[]> _matrices = [];
    private readonly Dictionary<VectorWeight, float[]> _vectors = [];

    /// <summary>Row <paramref name="row"/> of a matrix, [Columns].</summary>
    public ReadOnlySpan<float> Row(Matrix matrix, int row)
    {
        if (row < 0 || row >= matrix.Rows)
            throw new ArgumentOutOfRangeException(nameof(row), row, $"{matrix.Source.Name} has {matrix.Rows} rows.");
        return Values(matrix).AsSpan(row * matrix.Columns, matrix.Columns);
    }

    public float[] Apply(Linear linear, ReadOnlySpan<float> x)
    {
        if (x.Length != linear.Inputs)
            throw new ArgumentException($"{linear.Weight.Source.Name} takes {linear.Inputs} inputs, not {x.Length}.", nameof(x));
        var y = Multiply(linear.Weight, x);
        if (linear.Bias is { } bias) Add(y, Values(bias));
        return y;
    }

    /// <summary>W·x.</summary>
    public float[] Multiply(Matrix matrix, ReadOnlySpan<float> x)
    {
        var values = Values(matrix);
        var y = new float[matrix.Rows];
        for (var row = 0; row < y.Length; row++) y[row] = (float)Dot(values.AsSpan(row * x.Length, x.Length), x);
        return y;
    }

    public float[] Normalise(NormSpec norm, ReadOnlySpan<float> x)
    {
        var weight = Values(norm.Weight);
        var mean = 0.0;
        if (norm.Kind == NormKind.Layer)
        {
            foreach (var value in x) mean += value;
            mean /= x.Length;
        }

        var squares = 0.0;
        foreach (var value in x) squares += (value - mean) * (value - mean);
        var scale = 1 / Math.Sqrt((squares / x.Length) + norm.Epsilon);
        var y = new float[x.Length];
        for (var i = 0; i < y.Length; i++) y[i] = (float)((x[i] - mean) * scale * (norm.AddOne ? 1 + weight[i] : weight[i]));
        if (norm.Bias is { } bias) Add(y, Values(bias));
        return y;
    }

    public static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++) sum += (double)a[i] * b[i];
        return sum;
    }

    public static void Add(Span<float> y, ReadOnlySpan<float> x, float scale = 1)
    {
        for (var i = 0; i < y.Length; i++) y[i] += scale * x[i];
    }

    public static float[] Softmax(ReadOnlySpan<double> scores)
    {
        var max = double.NegativeInfinity;
        foreach (var score in scores) max = Math.Max(max, score);
        var sum = 0.0;
        foreach (var score in scores) sum += Math.Exp(score - max);
        var weights = new float[scores.Length];
        for (var i = 0; i < weights.Length; i++) weights[i] = (float)(Math.Exp(scores[i] - max) / sum);
        return weights;
    }

    private float[] Values(Matrix matrix)
    {
        if (!_matrices.TryGetValue(matrix, out var values)) _matrices[matrix] = values = matrix.ToArray();
        return values;
    }

    private float[] Values(VectorWeight vector)
    {
        if (!_vectors.TryGetValue(vector, out var values)) _vectors[vector] = values = vector.ToArray();
        return values;
    }
}
