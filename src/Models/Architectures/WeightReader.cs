using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>Turns published tensor names under one prefix into the parts of a <see cref="DecoderSpec"/>, shapes checked.</summary>
internal sealed class WeightReader(TensorSet tensors, string prefix)
{
    /// <summary>Finds the prefix under which a model's tensors stand by one of them that every checkpoint has.</summary>
    public static WeightReader Find(TensorSet tensors, string probe, params ReadOnlySpan<string> prefixes)
    {
        if (tensors.PrefixOf(probe, prefixes) is { } prefix) return new WeightReader(tensors, prefix);
        throw new CheckpointException(
            CheckpointErrorKind.TensorMissing,
            tensors.Folder,
            "The checkpoint has no such tensor; is model_type right?",
            $"tensor '{prefixes[0]}{probe}'");
    }

    public string Prefix => prefix;

    public bool Contains(string name) => tensors.Contains(prefix + name);

    /// <summary>A matrix stored as [rows, columns].</summary>
    public Matrix Matrix(string name, int rows, int columns) => Decoding.Matrix.Of(tensors.Get(prefix + name, rows, columns));

    /// <summary>A matrix stored as [inputs, outputs].</summary>
    public Matrix Transposed(string name, int outputs, int inputs) =>
        Decoding.Matrix.Of(tensors.Get(prefix + name, inputs, outputs), transposed: true);

    public VectorWeight Vector(string name, int length) => VectorWeight.Of(tensors.Get(prefix + name, length));

    /// <summary><c>name.weight</c> [outputs, inputs] and, where asked, <c>name.bias</c> [outputs].</summary>
    public Linear Linear(string name, int outputs, int inputs, bool bias) =>
        new(Matrix($"{name}.weight", outputs, inputs), bias ? Vector($"{name}.bias", outputs) : null);

    /// <summary>Linear layers over the same inputs, stored one under the other in <c>name.weight</c> (and <c>name.bias</c>).</summary>
    /// <param name="rows">Outputs of each.</param>
    public Linear[] Fused(string name, IReadOnlyList<int> rows, int inputs, bool bias)
    {
        var whole = Linear(name, rows.Aggregate(0, (sum, count) => checked(sum + count)), inputs, bias);
        var parts = new Linear[rows.Count];
        var offset = 0;
        for (var i = 0; i < parts.Length; offset += rows[i++])
        {
            parts[i] = new Linear(
                whole.Weight with { Rows = rows[i], RowOffset = offset },
                whole.Bias is null ? null : whole.Bias with { Length = rows[i], Offset = offset });
        }

        return parts;
    }

    public NormSpec Rms(string name, int length, float epsilon) => new(NormKind.Rms, Vector($"{name}.weight", length), null, epsilon);

    public NormSpec LayerNorm(string name, int length, float epsilon, bool bias) =>
        new(NormKind.Layer, Vector($"{name}.weight", length), bias ? Vector($"{name}.bias", length) : null, epsilon);
}
