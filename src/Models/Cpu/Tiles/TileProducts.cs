using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu.Tiles;

/// <summary>Products of some strips on the matrix unit; x counts bytes, y floats.</summary>
internal static unsafe class TileProducts
{
    private const int RowsAtOnce = 2 * TileCall.TileRows;

    // 24 KB of weights: half a first-level cache.
    private const int BlocksAtOnce = 12;

    public static void Bf16(
        TileUnit unit, PackedMatrix weight, int firstStrip, int strips, byte* x, nint ldx, float* y, nint ldy, int rows)
    {
        var call = default(TileCall);
        call.ActivationStride = ldx;
        call.WeightStride = Bf16Panels.PairBytes;
        call.OutputStride = ldy * sizeof(float);
        var blocks = WeightBlocks.Count(weight.Inputs);
        for (var strip = firstStrip; strip < firstStrip + strips; strip++)
        {
            // A part of the strip's weights stays close while all rows pass it.
            for (var block = 0; block < blocks; block += BlocksAtOnce)
            {
                call.Blocks = Math.Min(BlocksAtOnce, blocks - block);
                call.Weights = weight.Strip(strip) + (block * Bf16Panels.BlockBytes);
                for (var row = 0; row < rows; row += RowsAtOnce)
                {
                    call.Rows = Math.Min(RowsAtOnce, rows - row);
                    call.Activations = x + (row * ldx) + (block * WeightBlocks.Inputs * sizeof(ushort));
                    call.Output = y + (row * ldy) + (strip * IStripPacker.StripOutputs);
                    Shape(&call, (int)call.Rows);
                    unit.Bf16(&call, goOn: block > 0);
                }
            }
        }
    }

    /// <summary>Int8 or int4; x has rows up to the next multiple of sixteen.</summary>
    public static void Blocks(
        TileUnit unit, PackedMatrix weight, int firstStrip, int strips, byte* x, nint ldx, float* y, nint ldy, int rows, NativeBuffer scratch)
    {
        var blocks = WeightBlocks.Count(weight.Inputs);
        var unpack = weight.Format == WeightFormat.Q4;
        _ = scratch.Ensure((TileCall.ScratchBytes + (unpack ? (long)blocks * Int8Blocks.BlockBytes : 0)) / sizeof(float));
        var call = default(TileCall);
        call.ActivationStride = ldx;
        call.Blocks = blocks;
        call.OutputStride = ldy * sizeof(float);
        call.Scratch = scratch.Bytes;
        call.ScratchStride = 64;
        call.Shape(0, TileCall.TileRows, WeightBlocks.Inputs);
        call.Shape(1, WeightBlocks.Inputs / 4);
        call.Shape(2, TileCall.TileRows);
        for (var strip = firstStrip; strip < firstStrip + strips; strip++)
        {
            call.Weights = weight.Strip(strip);
            if (unpack) Int4Blocks.Unpack(weight.Strip(strip), blocks, call.Weights = scratch.Bytes + TileCall.ScratchBytes);
            for (var row = 0; row < rows; row += TileCall.TileRows)
            {
                call.Rows = Math.Min(TileCall.TileRows, rows - row);
                call.Activations = x + (row * ldx);
                for (var half = 0; half < 2; half++)
                {
                    call.Output = y + (row * ldy) + (strip * IStripPacker.StripOutputs) + (half * IStripPacker.StripOutputs / 2);
                    unit.Blocks(&call, half);
                }
            }
        }
    }

    // Rows that are not there are in no tile: nothing beyond y is written.
    private static void Shape(TileCall* call, int rows)
    {
        var (first, second) = (Math.Min(rows, TileCall.TileRows), Math.Max(0, rows - TileCall.TileRows));
        foreach (var tile in (ReadOnlySpan<int>)[0, 1, 4]) call->Shape(tile, first);
        foreach (var tile in (ReadOnlySpan<int>)[2, 3, 5]) call->Shape(tile, second);
        call->Shape(6, TileCall.TileRows);
        call->Shape(7, TileCall.TileRows);
    }
}
