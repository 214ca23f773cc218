using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>
/// Reads a strip of a stored matrix tile by tile: 32 inputs of 32 outputs as f32, [input][output], zero where the matrix
/// ends. Every byte of the file is touched once, and nothing but the tile is written.
/// </summary>
internal static unsafe class TileReader
{
    /// <summary>Outputs of one register.</summary>
    public const int Lanes = 16;

    /// <summary>Floats of a tile.</summary>
    public const int Floats = WeightBlocks.Inputs * IStripPacker.StripOutputs;

    /// <summary>Bytes of a tile.</summary>
    public const int Bytes = Floats * sizeof(float);

    /// <summary>Reads the strip that begins at output <paramref name="row"/> and packs it.</summary>
    /// <param name="tile">Room for a tile, aligned to 64 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackStrip<TPacker>(Matrix matrix, int row, float* tile, byte* strip)
        where TPacker : struct, IStripPacker
    {
        var outputs = Math.Min(IStripPacker.StripOutputs, matrix.Rows - row);
        var (inputs, source) = (matrix.Columns, matrix.Source);
        if (matrix.Transposed)
        {
            for (var first = 0; first < inputs; first += WeightBlocks.Inputs, strip += TPacker.BlockBytes)
            {
                var count = Math.Min(WeightBlocks.Inputs, inputs - first);
                new Span<float>(tile, Floats).Clear();
                for (var k = 0; k < count; k++)
                    source.Read(((long)(first + k) * source.Shape[1]) + matrix.RowOffset + row, new Span<float>(tile + (k * IStripPacker.StripOutputs), outputs));
                TPacker.Pack(tile, count, strip);
            }

            return;
        }

        fixed (byte* stored = source.Bytes((long)(matrix.RowOffset + row) * inputs, checked(outputs * inputs)))
        {
            var ld = (nint)inputs * source.ElementSize;
            for (var first = 0; first < inputs; first += WeightBlocks.Inputs, strip += TPacker.BlockBytes)
            {
                var count = Math.Min(WeightBlocks.Inputs, inputs - first);
                var from = stored + ((nint)first * source.ElementSize);
                if (outputs < IStripPacker.StripOutputs || count < WeightBlocks.Inputs) ReadPart(source.DType, from, ld, outputs, count, tile);
                else if (source.DType == DType.F32) ReadFloats(from, ld, tile);
                else if (source.DType == DType.BF16) ReadBf16(from, ld, tile);
                else ReadHalves(from, ld, tile);
                TPacker.Pack(tile, count, strip);
            }
        }
    }

    private static void ReadFloats(byte* from, nint ld, float* tile)
    {
        for (var half = 0; half < 2; half++, from += Lanes * ld, tile += Lanes)
        {
            Transposition.Words(from, ld, (uint*)tile, IStripPacker.StripOutputs);
            Transposition.Words(from + (Lanes * sizeof(float)), ld, (uint*)tile + (Lanes * IStripPacker.StripOutputs), IStripPacker.StripOutputs);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ReadBf16(byte* from, nint ld, float* tile)
    {
        for (var half = 0; half < 2; half++, from += Lanes * ld, tile += Lanes)
        {
            // Pairs of inputs into every second row, then each pair into both of its rows.
            Transposition.Words(from, ld, (uint*)tile, 2 * IStripPacker.StripOutputs);
            for (var k = 0; k < WeightBlocks.Inputs; k += 2)
            {
                var pairs = Vector512.LoadAligned((uint*)tile + (k * IStripPacker.StripOutputs));
                (pairs << 16).StoreAligned((uint*)tile + (k * IStripPacker.StripOutputs));
                (pairs & Vector512.Create(0xFFFF0000u)).StoreAligned((uint*)tile + ((k + 1) * IStripPacker.StripOutputs));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ReadHalves(byte* from, nint ld, float* tile)
    {
        for (var half = 0; half < 2; half++, from += Lanes * ld, tile += Lanes)
        {
            Transposition.Words(from, ld, (uint*)tile, 2 * IStripPacker.StripOutputs);
            for (var k = 0; k < WeightBlocks.Inputs; k += 2)
            {
                var pairs = Vector512.LoadAligned((uint*)tile + (k * IStripPacker.StripOutputs));
                Widening.Halves(pairs & Vector512.Create(0xFFFFu)).StoreAligned(tile + (k * IStripPacker.StripOutputs));
                Widening.Halves(pairs >>> 16).StoreAligned(tile + ((k + 1) * IStripPacker.StripOutputs));
            }
        }
    }

    /// <summary>A tile at the matrix's edge.</summary>
    private static void ReadPart(DType dtype, byte* from, nint ld, int outputs, int inputs, float* tile)
    {
        new Span<float>(tile, Floats).Clear();
        var row = stackalloc float[WeightBlocks.Inputs];
        for (var n = 0; n < outputs; n++, from += ld)
        {
            Widening.ToFloats(dtype, new ReadOnlySpan<byte>(from, inputs * (dtype == DType.F32 ? sizeof(float) : sizeof(ushort))), new Span<float>(row, inputs));
            for (var k = 0; k < inputs; k++) tile[(k * IStripPacker.StripOutputs) + n] = row[k];
        }
    }
}
