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
                    var count = Math.Min(RowsAtOnce, rows - row);
                    call.Activations = x + (row * ldx) + (block * WeightBlocks.Inputs * sizeof(ushort));
                    call.Output = y + (row * ldy) + (strip * IStripPacker.StripOutputs);
                    Shape(&call, count);
                    unit.Bf16(&call, count, goOn: block > 0, fresh: row == 0);
                }
            }
        }
    }

    /// <summary>Int8 or int4.</summary>
    public static void Blocks(
        TileUnit unit, PackedMatrix weight, int firstStrip, int strips, byte* x, nint ldx, float* y, nint ldy, int rows, NativeBuffer scratch)
    {
        var blocks = WeightBlocks.Count(weight.Inputs);
        _ = scratch.Ensure((TileCall.ScratchBytes + ((long)blocks * TileBlocks.BlockBytes)) / sizeof(float));
        var call = default(TileCall);
        call.ActivationStride = ldx;
        call.Weights = scratch.Bytes + TileCall.ScratchBytes;
        call.WeightStride = TileBlocks.GroupBytes;
        call.Blocks = blocks;
        call.OutputStride = ldy * sizeof(float);
        call.Scratch = scratch.Bytes;
        foreach (var tile in (ReadOnlySpan<int>)[1, 4]) call.Shape(tile, WeightBlocks.Inputs / 4);
        for (var strip = firstStrip; strip < firstStrip + strips; strip++)
        {
            TileBlocks.Unpack(weight.Format, weight.Strip(strip), blocks, call.Weights);
            // The next strip is on its way while this one is worked on.
            byte* ahead = weight.Strip(strip + 1), aheadEnd = weight.Strip(strip + 2);
            for (var row = 0; row < rows; row += TileCall.TileRows)
            {
                var count = Math.Min(TileCall.TileRows, rows - row);
                foreach (var tile in (ReadOnlySpan<int>)[0, 3]) call.Shape(tile, count, WeightBlocks.Inputs);
                foreach (var tile in (ReadOnlySpan<int>)[2, 5]) call.Shape(tile, count);
                call.Activations = x + (row * ldx);
                for (var half = 0; half < 2; half++)
                {
                    call.Ahead = ahead < aheadEnd ? ahead : call.Activations + (TileCall.TileRows * ldx) + (half * TileCall.TileRows * ldx / 2);
                    ahead += blocks * TileKernels.AheadBytes;
                    call.Output = y + (row * ldy) + (strip * IStripPacker.StripOutputs) + (half * IStripPacker.StripOutputs / 2);
                    unit.Blocks(&call, count, half);
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
