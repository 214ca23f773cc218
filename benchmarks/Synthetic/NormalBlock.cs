using System.Runtime.InteropServices;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Benchmarks.Synthetic;

/// <summary>
/// Random weights in bf16, normal with deviation 1/√inputs, so that activations neither vanish nor grow. Every matrix is a
/// view of one block from another place: a model of any size is there at once, and its packed weights are as large and as
/// random as a real one's. Figures of speed are all it is for.
/// </summary>
internal sealed class NormalBlock
{
    // A prime: rows of no matrix repeat each other in step.
    private const int Length = 8_388_593;

    // Views may be read this far beyond the end.
    private const int Overlap = 1 << 22;

    private static readonly Dictionary<int, NormalBlock> ByInputs = [];

    private readonly ushort[] _values = new ushort[Length + Overlap];

    private NormalBlock(int inputs)
    {
        var random = new Random(inputs);
        var scale = 1.7320508f / MathF.Sqrt(inputs);
        for (var i = 0; i < Length; i++)
        {
            // Four uniform numbers are near enough to a normal one.
            var normal = random.NextSingle() + random.NextSingle() + random.NextSingle() + random.NextSingle() - 2;
            _values[i] = Bf16Panels.Round(normal * scale);
        }

        _values.AsSpan(0, Overlap).CopyTo(_values.AsSpan(Length));
    }

    public static NormalBlock For(int inputs)
    {
        if (!ByInputs.TryGetValue(inputs, out var block)) ByInputs[inputs] = block = new NormalBlock(inputs);
        return block;
    }

    /// <summary>A tensor [rows, columns] that begins somewhere in the block.</summary>
    public Tensor View(string name, int rows, int columns, int seed) => new BlockTensor(this, name, rows, columns, seed);

    /// <summary>The little-endian bytes of values from <paramref name="start"/> on, as many as are asked for.</summary>
    private ReadOnlySpan<byte> Bytes(long start, int count) => count <= Overlap
        ? MemoryMarshal.AsBytes(_values.AsSpan((int)(start % Length), count))
        : throw new ArgumentOutOfRangeException(nameof(count), count, $"At most {Overlap} values at once.");

    private sealed class BlockTensor(NormalBlock block, string name, int rows, int columns, int seed) : Tensor(name, DType.BF16, [rows, columns])
    {
        public override ReadOnlySpan<byte> Bytes(long start, int count) => block.Bytes(start + (seed * 1_000_003L), count);
    }
}
