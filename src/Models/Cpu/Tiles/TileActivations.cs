using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu.Tiles;

/// <summary>
/// Activations as the tiles take them: sixteen rows together, block by block, so that a tile is one stretch of memory. A block
/// of bf16 is [16 rows][32 inputs], one of bytes [16 rows][32 inputs] and then the sixteen rows' scales (f32). What belongs to
/// rows that are not there is never read into a result.
/// </summary>
internal static unsafe class TileActivations
{
    public const int PairBlockBytes = TileCall.TileRows * WeightBlocks.Inputs * sizeof(ushort);

    public const int ScalesAt = TileCall.TileRows * WeightBlocks.Inputs;

    public const int ByteBlockBytes = ScalesAt + (TileCall.TileRows * sizeof(float));

    private const int PairRowBytes = WeightBlocks.Inputs * sizeof(ushort);

    /// <summary>Bytes from sixteen rows to the next sixteen.</summary>
    public static nint Bytes(ActivationForm form, int inputs) =>
        WeightBlocks.Count(inputs) * (nint)(form == ActivationForm.PairTiles ? PairBlockBytes : ByteBlockBytes);

    /// <summary>Rounds x, [inputs], to bf16 as row <paramref name="row"/> of the sixteen; a last block is filled with zeros.</summary>
    public static void WritePairs(float* x, int inputs, int row, byte* rows)
    {
        var whole = inputs / WeightBlocks.Inputs;
        rows += row * PairRowBytes;
        for (var block = 0; block < whole; block++, rows += PairBlockBytes) WritePairs(x + (block * WeightBlocks.Inputs), rows);
        if (whole == WeightBlocks.Count(inputs)) return;
        var rest = stackalloc float[WeightBlocks.Inputs];
        WeightBlocks.Gather(x, inputs, whole, rest);
        WritePairs(rest, rows);
    }

    /// <summary>Quantises x, [inputs], as <see cref="ActivationBlocks"/> does, as row <paramref name="row"/> of the sixteen.</summary>
    public static void WriteBytes(float* x, int inputs, int row, byte* rows)
    {
        var whole = inputs / WeightBlocks.Inputs;
        for (var block = 0; block < whole; block++, rows += ByteBlockBytes)
            *Scale(rows, row) = ActivationBlocks.Quantise(x + (block * WeightBlocks.Inputs), (sbyte*)(rows + (row * WeightBlocks.Inputs)), out _);
        if (whole == WeightBlocks.Count(inputs)) return;
        var rest = stackalloc float[WeightBlocks.Inputs];
        WeightBlocks.Gather(x, inputs, whole, rest);
        *Scale(rows, row) = ActivationBlocks.Quantise(rest, (sbyte*)(rows + (row * WeightBlocks.Inputs)), out _);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WritePairs(float* x, byte* row)
    {
        var (first, second) = (Bf16Panels.Round(Vector512.Load(x)), Bf16Panels.Round(Vector512.Load(x + Vector512<float>.Count)));
        Vector512.Narrow(first.AsUInt32() >>> 16, second.AsUInt32() >>> 16).Store((ushort*)row);
    }

    private static float* Scale(byte* block, int row) => (float*)(block + ScalesAt) + row;
}
