using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>
/// One or more matrices over the same inputs, packed one under the other. Each part begins at a multiple of
/// <see cref="IStripPacker.StripOutputs"/> outputs; the outputs in between are zero.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    // Read before any of it is forgotten: bounds what of a file counts as this process's memory.
    private const long WaveBytes = 32 << 20;

    private readonly NativeBuffer _memory;

    private PackedMatrix(WeightFormat format, int inputs, int[] offsets, int outputs, long stripBytes)
    {
        Format = format;
        Inputs = inputs;
        Offsets = offsets;
        Outputs = outputs;
        StripBytes = stripBytes;
        _memory = NativeBuffer.OfWeights(checked(Strips * stripBytes));
    }

    public WeightFormat Format { get; }

    /// <summary>Whether activations are rounded to bytes for it.</summary>
    public bool IsQuantised => Format is WeightFormat.Q8 or WeightFormat.Q4;

    public int Inputs { get; }

    /// <summary>What a quantised weight of 0 is stored as.</summary>
    public int ZeroPoint => Format == WeightFormat.Q8 ? Int8Blocks.ZeroPoint : Int4Blocks.ZeroPoint;

    /// <summary>First output of each part.</summary>
    public int[] Offsets { get; }

    /// <summary>Outputs of all parts, padding included.</summary>
    public int Outputs { get; }

    public int Strips => Outputs / IStripPacker.StripOutputs;

    public long StripBytes { get; }

    public long Bytes => _memory.Length;

    public byte* Strip(int index) => _memory.Bytes + (index * StripBytes);

    /// <summary>Reads and packs on <paramref name="threads"/> threads.</summary>
    /// <exception cref="ArgumentException">The parts do not share their inputs.</exception>
    public static PackedMatrix Pack(WeightFormat format, int threads, params IReadOnlyList<Matrix> parts) => format switch
    {
        WeightFormat.F32 => Pack<F32Panels>(threads, parts),
        WeightFormat.BF16 => Pack<Bf16Panels>(threads, parts),
        WeightFormat.Q8 => Pack<Int8Blocks>(threads, parts),
        WeightFormat.Q4 => Pack<Int4Blocks>(threads, parts),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Unknown weight format."),
    };

    public void Dispose() => _memory.Dispose();

    private static PackedMatrix Pack<TPacker>(int threads, IReadOnlyList<Matrix> parts)
        where TPacker : struct, IStripPacker
    {
        var inputs = parts[0].Columns;
        var offsets = new int[parts.Count];
        var strips = 0;
        for (var i = 0; i < parts.Count; i++)
        {
            if (parts[i].Columns != inputs)
                throw new ArgumentException($"{parts[i].Source.Name} has {parts[i].Columns} inputs, {parts[0].Source.Name} {inputs}.");
            offsets[i] = checked(strips * IStripPacker.StripOutputs);
            strips = checked(strips + StripsOf(parts[i].Rows));
        }

        var outputs = checked(strips * IStripPacker.StripOutputs);
        var packed = new PackedMatrix(TPacker.Format, inputs, offsets, outputs, TPacker.StripBytes(inputs));
        foreach (var part in parts) part.Expect();
        for (var i = 0; i < parts.Count; i++) packed.Fill<TPacker>(parts[i], offsets[i] / IStripPacker.StripOutputs, threads);
        return packed;
    }

    private static int StripsOf(int rows) => (rows + IStripPacker.StripOutputs - 1) / IStripPacker.StripOutputs;

    /// <summary>Packs a part into the strips from <paramref name="first"/> on, in waves of rows that lie together in the file.</summary>
    private void Fill<TPacker>(Matrix part, int first, int threads)
        where TPacker : struct, IStripPacker
    {
        var strips = StripsOf(part.Rows);
        var wave = (int)Math.Max(WaveBytes / (IStripPacker.StripOutputs * (long)Inputs * part.Source.ElementSize), 2L * threads);
        for (var begin = 0; begin < strips; begin += wave)
        {
            var end = Math.Min(strips, begin + wave);
            Parallel.For(
                begin,
                end,
                new ParallelOptions { MaxDegreeOfParallelism = threads },
                () => new NativeBuffer(TileReader.Bytes),
                (strip, _, tile) =>
                {
                    TileReader.PackStrip<TPacker>(part, strip * IStripPacker.StripOutputs, tile.Floats, Strip(first + strip));
                    return tile;
                },
                tile => tile.Dispose());
            var row = begin * IStripPacker.StripOutputs;
            part.Forget(row, Math.Min(part.Rows, end * IStripPacker.StripOutputs) - row);
        }
    }
}
