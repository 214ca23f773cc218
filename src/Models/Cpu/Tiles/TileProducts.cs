using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu.Tiles;

/// <summary>
/// Products of some strips on the matrix unit. x is what <see cref="TileActivations"/> wrote, ldx the bytes from sixteen rows to
/// the next; ldy counts floats.
/// </summary>
internal static unsafe class TileProducts
{
    private const int RowsAtOnce = 2 * TileCall.TileRows;

    public static void Bf16(
        TileUnit unit, PackedMatrix weight, int firstStrip, int strips, byte* x, nint ldx, float* y, nint ldy, int rows)
    {
        var call = default(TileCall);
        call.OutputStride = ldy * sizeof(float);
        call.Blocks = WeightBlocks.Count(weight.Inputs);
        var shaped = 0;
        for (var strip = firstStrip; strip < firstStrip + strips; strip++)
        {
            call.Weights = weight.Strip(strip);
            for (var row = 0; row < rows; row += RowsAtOnce)
            {
                var count = Math.Min(RowsAtOnce, rows - row);
                if (count != shaped) unit.Shape(TileShapes.Bf16(count));
                shaped = count;
                call.Activations = x + (row / TileCall.TileRows * ldx);
                call.NextActivations = call.Activations + ldx;
                call.Output = y + (row * ldy) + (strip * IStripPacker.StripOutputs);
                unit.Bf16(&call, count, fresh: row == 0);
            }
        }

        unit.Release();
    }

    /// <summary>Int8 or int4.</summary>
    public static void Blocks(
        TileUnit unit, PackedMatrix weight, int firstStrip, int strips, byte* x, nint ldx, float* y, nint ldy, int rows, NativeBuffer scratch)
    {
        var blocks = WeightBlocks.Count(weight.Inputs);
        var halfBytes = blocks * (nint)TileBlocks.BlockBytes;
        _ = scratch.Ensure((TileCall.ScratchBytes + (2 * halfBytes)) / sizeof(float));
        var weights = scratch.Bytes + TileCall.ScratchBytes;
        var call = default(TileCall);
        call.Blocks = blocks;
        call.OutputStride = ldy * sizeof(float);
        call.Scratch = scratch.Bytes;
        var shaped = 0;
        for (var strip = firstStrip; strip < firstStrip + strips; strip++)
        {
            TileBlocks.Unpack(weight.Format, weight.Strip(strip), blocks, weights);
            // The next strip is on its way while this one is worked on.
            byte* ahead = weight.Strip(strip + 1), aheadEnd = weight.Strip(strip + 2);
            for (var half = 0; half < 2; half++)
            {
                call.Weights = weights + (half * halfBytes);
                for (var row = 0; row < rows; row += TileCall.TileRows)
                {
                    var count = Math.Min(TileCall.TileRows, rows - row);
                    if (count != shaped) unit.Shape(TileShapes.Blocks(count));
                    shaped = count;
                    call.Activations = x + (row / TileCall.TileRows * ldx);
                    call.Ahead = ahead < aheadEnd ? ahead : call.Activations + ldx;
                    ahead += blocks * TileKernels.AheadBytes;
                    call.Output = y + (row * ldy) + (strip * IStripPacker.StripOutputs) + (half * IStripPacker.StripOutputs / 2);
                    unit.Blocks(&call, count);
                }
            }
        }

        unit.Release();
    }
}
