using System.Runtime.InteropServices;

namespace InferenceServer.Models.Checkpoints;

/// <summary>Element types a weight may be stored in. Others are refused when the file is opened.</summary>
public enum DType
{
    F32,
    F16,
    BF16,
}

/// <summary>
/// One named weight: row-major elements that stay where they are (usually a memory-mapped file) and are
/// widened to f32 only for the rows somebody reads.
/// </summary>
public abstract class Tensor(string name, DType dtype, IReadOnlyList<int> shape)
{
    public string Name { get; } = name;

    public DType DType { get; } = dtype;

    /// <summary>Dimensions, outermost first; none is negative.</summary>
    public IReadOnlyList<int> Shape { get; } = shape;

    /// <summary>Number of elements.</summary>
    public long Count { get; } = ElementCount(shape);

    /// <summary>Bytes of one element.</summary>
    public int ElementSize => DType == DType.F32 ? 4 : 2;

    /// <summary>The raw little-endian bytes of <paramref name="count"/> elements from <paramref name="start"/>.</summary>
    public abstract ReadOnlySpan<byte> Bytes(long start, int count);

    /// <summary>Widens <paramref name="destination"/>.Length elements from <paramref name="start"/> to f32.</summary>
    public void Read(long start, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Count - destination.Length);
        Widening.ToFloats(DType, Bytes(start, destination.Length), destination);
    }

    /// <summary>
    /// Says that elements [start, start + count) will be read soon: where they lie in a file, the system may begin to fetch them.
    /// </summary>
    public virtual void Expect(long start, long count)
    {
    }

    /// <summary>
    /// Says that elements [start, start + count) have been read and few of them will be again: where they lie in a file, its
    /// pages no longer count as this process's memory. Reading them stays possible.
    /// </summary>
    public virtual void Forget(long start, long count)
    {
    }

    /// <summary>A tensor over an array in memory, for tests and for weights computed at load.</summary>
    public static Tensor FromArray(string name, IReadOnlyList<int> shape, float[] data) => new ArrayTensor(name, shape, data);

    public override string ToString() => $"{Name} {DType} [{string.Join(", ", Shape)}]";

    private static long ElementCount(IReadOnlyList<int> shape)
    {
        var count = 1L;
        foreach (var dimension in shape) count = checked(count * dimension);
        return count;
    }

    private sealed class ArrayTensor : Tensor
    {
        private readonly float[] _data;

        public ArrayTensor(string name, IReadOnlyList<int> shape, float[] data)
            : base(name, DType.F32, shape)
        {
            if (Count != data.Length)
                throw new ArgumentException($"Tensor {name}: the shape has {Count} elements, the array {data.Length}.", nameof(data));
            _data = data;
        }

        public override ReadOnlySpan<byte> Bytes(long start, int count) =>
            MemoryMarshal.AsBytes(_data.AsSpan(checked((int)start), count));
    }
}
