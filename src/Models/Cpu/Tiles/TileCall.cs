using System.Runtime.InteropServices;

namespace InferenceServer.Models.Cpu.Tiles;

/// <summary>What a tile kernel is called with; the kernels know the offsets of these fields.</summary>
[StructLayout(LayoutKind.Explicit, Size = 80)]
internal unsafe struct TileCall
{
    public const int ActivationsAt = 0;
    public const int NextActivationsAt = 8;
    public const int WeightsAt = 16;
    public const int BlocksAt = 24;
    public const int OutputAt = 32;
    public const int OutputStrideAt = 40;
    public const int ScratchAt = 48;
    public const int AheadAt = 56;

    /// <summary>Sixteen rows of 64 bytes, as wide as a tile gets.</summary>
    public const int TileRows = 16;

    /// <summary>Memory for the sums of two blocks.</summary>
    public const int ScratchBytes = 2 * TileRows * TileShapes.RowBytes;

    /// <summary>Sixteen rows in blocks, as <see cref="TileActivations"/> lays them out.</summary>
    [FieldOffset(ActivationsAt)]
    public byte* Activations;

    /// <summary>The next sixteen rows (bf16 only).</summary>
    [FieldOffset(NextActivationsAt)]
    public byte* NextActivations;

    [FieldOffset(WeightsAt)]
    public byte* Weights;

    /// <summary>Blocks of 32 inputs; at least 1.</summary>
    [FieldOffset(BlocksAt)]
    public long Blocks;

    [FieldOffset(OutputAt)]
    public float* Output;

    /// <summary>Bytes.</summary>
    [FieldOffset(OutputStrideAt)]
    public long OutputStride;

    /// <summary><see cref="ScratchBytes"/>.</summary>
    [FieldOffset(ScratchAt)]
    public byte* Scratch;

    /// <summary>Memory to ask for meanwhile, <see cref="TileKernels.AheadBytes"/> a block.</summary>
    [FieldOffset(AheadAt)]
    public byte* Ahead;
}
