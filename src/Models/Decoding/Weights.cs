using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Models.Decoding;

/// <summary>
/// A weight seen as [Rows (outputs), Columns (inputs)], whatever its layout in the file: a slice of fused rows
/// (Phi-3's qkv), or stored [inputs, outputs] (GPT-2's Conv1D, <paramref name="Transposed"/>).
/// </summary>
/// <param name="Source">The stored tensor, two-dimensional.</param>
/// <param name="Rows">Outputs of this matrix.</param>
/// <param name="Columns">Inputs of this matrix.</param>
/// <param name="RowOffset">First output within the stored tensor.</param>
/// <param name="Transposed">Stored as [inputs, outputs].</param>
public sealed record Matrix(Tensor Source, int Rows, int Columns, int RowOffset = 0, bool Transposed = false)
{
    /// <summary>The whole of a two-dimensional tensor.</summary>
    public static Matrix Of(Tensor source, bool transposed = false) => transposed
        ? new Matrix(source, source.Shape[1], source.Shape[0], 0, true)
        : new Matrix(source, source.Shape[0], source.Shape[1]);

    /// <summary>Writes rows [from, from + count) to <paramref name="destination"/>, [count, Columns] in f32.</summary>
    public void Read(int from, int count, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(from + count, Rows);
        if (!Transposed)
        {
            Source.Read((long)(RowOffset + from) * Columns, destination[..checked(count * Columns)]);
            return;
        }

        var stored = new float[count];
        for (var column = 0; column < Columns; column++)
        {
            Source.Read((long)column * Source.Shape[1] + RowOffset + from, stored);
            for (var row = 0; row < count; row++) destination[row * Columns + column] = stored[row];
        }
    }

    /// <summary>Bytes of the file it is read from.</summary>
    public long StoredBytes => (long)Rows * Columns * Source.ElementSize;

    /// <summary>Says that it will be read soon, <see cref="Tensor.Expect"/>.</summary>
    public void Expect()
    {
        var (start, count) = Stored(0, Rows);
        Source.Expect(start, count);
    }

    /// <summary>
    /// Says that rows [from, from + count) have been read, the last ones after all others, <see cref="Tensor.Forget"/>.
    /// </summary>
    public void Forget(int from, int count)
    {
        // Rows of a transposed matrix lie in all of its pages.
        if (Transposed && from + count < Rows) return;
        var (start, elements) = Stored(from, count);
        Source.Forget(start, elements);
    }

    /// <summary>All rows, [Rows, Columns] in f32.</summary>
    public float[] ToArray()
    {
        var values = new float[checked(Rows * Columns)];
        Read(0, Rows, values);
        return values;
    }

    /// <summary>First and number of the stored elements in which the rows lie.</summary>
    private (long Start, long Count) Stored(int from, int count) =>
        Transposed ? (0, Source.Count) : ((long)(RowOffset + from) * Columns, (long)count * Columns);
}

/// <summary>Part of a stored tensor read as a vector: biases, norm weights, learned vectors.</summary>
public sealed record VectorWeight(Tensor Source, int Length, int Offset = 0)
{
    /// <summary>The whole of a tensor, flattened.</summary>
    public static VectorWeight Of(Tensor source) => new(source, checked((int)source.Count));

    /// <summary>[Length] in f32.</summary>
    public float[] ToArray()
    {
        var values = new float[Length];
        Source.Read(Offset, values);
        return values;
    }
}

/// <summary>y = x · Wᵀ + b, with W [outputs, inputs].</summary>
public sealed record Linear(Matrix Weight, VectorWeight? Bias = null)
{
    public int Outputs => Weight.Rows;

    public int Inputs => Weight.Columns;
}
