using System.Runtime.InteropServices;
using InferenceServer.Models.Cpu.Weights;

namespace InferenceServer.Models.Cpu.Tiles;

/// <summary>
/// The shapes of the eight tiles, as LDTILECFG reads them: palette 1; bytes a row of tile t at 16 + 2t, rows at 48 + t.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal unsafe struct TileShapes
{
    /// <summary>As wide as a row of a tile gets.</summary>
    public const int RowBytes = 64;

    [FieldOffset(0)]
    private fixed byte _shapes[64];

    /// <summary>For <see cref="TileKernels.Bf16"/> with up to 32 rows. Rows that are not there are in no tile: nothing beyond the output is written.</summary>
    public static TileShapes Bf16(int rows)
    {
        var shapes = default(TileShapes);
        var (first, second) = (Math.Min(rows, TileCall.TileRows), Math.Max(0, rows - TileCall.TileRows));
        foreach (var tile in (ReadOnlySpan<int>)[0, 1, 4]) shapes.Set(tile, first);
        foreach (var tile in (ReadOnlySpan<int>)[2, 3, 5]) shapes.Set(tile, second);
        foreach (var tile in (ReadOnlySpan<int>)[6, 7]) shapes.Set(tile, TileCall.TileRows);
        return shapes;
    }

    /// <summary>For <see cref="TileKernels.Blocks"/> with up to 16 rows.</summary>
    public static TileShapes Blocks(int rows)
    {
        var shapes = default(TileShapes);
        shapes.Set(0, rows, WeightBlocks.Inputs);
        shapes.Set(1, WeightBlocks.Inputs / 4);
        foreach (var tile in (ReadOnlySpan<int>)[2, 3]) shapes.Set(tile, rows);
        return shapes;
    }

    // A tile without rows must not have columns either.
    private void Set(int tile, int rows, int rowBytes = RowBytes)
    {
        _shapes[0] = 1;
        _shapes[16 + (2 * tile)] = (byte)(rows == 0 ? 0 : rowBytes);
        _shapes[48 + tile] = (byte)rows;
    }
}
