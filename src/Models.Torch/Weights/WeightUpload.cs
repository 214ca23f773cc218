using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Torch.Weights;

/// <summary>
/// Moves weights from where they lie, usually a mapped file, to the device, in slices: neither the host nor the device
/// ever holds a second copy, and no span reaches 2 GiB. Matrices that are equal (tied heads) are uploaded once.
/// </summary>
internal sealed class WeightUpload(TorchDevice device) : IDisposable
{
    private const int SliceBytes = 64 << 20;

    private readonly Dictionary<Matrix, Tensor> _shared = [];
    private readonly List<Tensor> _owned = [];

    public TorchDevice Device { get; } = device;

    /// <summary>Bytes on the device so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>[Rows, Columns] in the type of products; the same tensor for the same matrix.</summary>
    public Tensor Shared(Matrix matrix)
    {
        if (_shared.TryGetValue(matrix, out var tensor)) return tensor;
        tensor = Own(() => Device.Empty(Device.DType, matrix.Rows, matrix.Columns));
        Fill(tensor, 0, matrix);
        _shared.Add(matrix, tensor);
        return tensor;
    }

    /// <summary>Matrices over the same inputs, one under the other: [sum of Rows, Columns].</summary>
    public Tensor Stacked(IReadOnlyList<Matrix> parts)
    {
        if (parts.Count == 1) return Shared(parts[0]);
        var tensor = Own(() => Device.Empty(Device.DType, parts.Sum(part => (long)part.Rows), parts[0].Columns));
        var row = 0L;
        foreach (var part in parts)
        {
            Fill(tensor, row, part);
            row += part.Rows;
        }

        return tensor;
    }

    /// <summary>Host numbers, [n], in a type of choice.</summary>
    public Tensor Vector(float[] values, torch.ScalarType type) => Own(() => Device.Upload(values).to(type));

    /// <summary>Makes a tensor that lives as long as the weights.</summary>
    public Tensor Own(Func<Tensor> make)
    {
        var tensor = View(make);
        Bytes += tensor.NumberOfElements * tensor.ElementSize;
        return tensor;
    }

    /// <summary>Another look at memory that is counted already.</summary>
    public Tensor View(Func<Tensor> make)
    {
        var tensor = TorchDevice.Lasting(make);
        _owned.Add(tensor);
        return tensor;
    }

    public void Dispose()
    {
        foreach (var tensor in _owned) tensor.Dispose();
        _owned.Clear();
        _shared.Clear();
    }

    private static void Fill(Tensor target, long firstRow, Matrix matrix)
    {
        if (matrix.Transposed) FillTransposed(target, firstRow, matrix);
        else FillRows(target, firstRow, matrix);
    }

    private static void FillRows(Tensor target, long firstRow, Matrix matrix)
    {
        var slice = RowsPerSlice(matrix.Source, matrix.Columns);
        for (var row = 0; row < matrix.Rows; row += slice)
        {
            using var scope = torch.NewDisposeScope();
            var count = Math.Min(slice, matrix.Rows - row);
            var staged = Stage(matrix.Source, (long)(matrix.RowOffset + row) * matrix.Columns, count, matrix.Columns);
            target.narrow(0, firstRow + row, count).copy_(staged);
        }
    }

    // Stored [inputs, outputs]: a slice of inputs becomes a slice of columns.
    private static void FillTransposed(Tensor target, long firstRow, Matrix matrix)
    {
        var width = matrix.Source.Shape[1];
        var slice = RowsPerSlice(matrix.Source, width);
        for (var column = 0; column < matrix.Columns; column += slice)
        {
            using var scope = torch.NewDisposeScope();
            var count = Math.Min(slice, matrix.Columns - column);
            var staged = Stage(matrix.Source, (long)column * width, count, width);
            target.narrow(0, firstRow, matrix.Rows).narrow(1, column, count).copy_(staged.narrow(1, matrix.RowOffset, matrix.Rows).t());
        }
    }

    /// <summary>Stored elements as a host tensor [rows, columns] in the file's type.</summary>
    private static Tensor Stage(Checkpoints.Tensor source, long start, int rows, int columns)
    {
        var staged = torch.empty([rows, columns], StoredType(source.DType), torch.CPU);
        source.Bytes(start, checked(rows * columns)).CopyTo(staged.bytes);
        return staged;
    }

    private static int RowsPerSlice(Checkpoints.Tensor source, int columns) =>
        (int)Math.Clamp(SliceBytes / Math.Max(1, (long)columns * source.ElementSize), 1, int.MaxValue);

    private static torch.ScalarType StoredType(Checkpoints.DType type) => type switch
    {
        Checkpoints.DType.F32 => torch.ScalarType.Float32,
        Checkpoints.DType.F16 => torch.ScalarType.Float16,
        _ => torch.ScalarType.BFloat16,
    };
}
