using System.Runtime.InteropServices;

namespace InferenceServer.Models.Cpu.Tiles;

/// <summary>What a tile kernel is called with; the kernels know the offsets of these fields.</summary>
[StructLayout(LayoutKind.Explicit, Size = 192)]
internal unsafe struct TileCall
{
    public const int ConfigurationAt = 0;
    public const int ActivationsAt = 64;
    public const int ActivationStrideAt = 72;
    public const int WeightsAt = 80;
    public const int WeightStrideAt = 88;
    public const int BlocksAt = 96;
    public const int OutputAt = 104;
    public const int OutputStrideAt = 112;
    public const int ScratchAt = 120;
    public const int AheadAt = 128;

    /// <summary>Sixteen rows of 64 bytes, as wide as a tile gets.</summary>
    public const int TileRows = 16;

    /// <summary>Memory for the sums of two blocks.</summary>
    public const int ScratchBytes = 2 * TileRows * TileBytes;

    private const int TileBytes = 64;

    /// <summary>As LDTILECFG reads it: palette 1; bytes a row of tile t at 16 + 2t, rows at 48 + t.</summary>
    [FieldOffset(ConfigurationAt)]
    private fixed byte _configuration[64];

    /// <summary>First row, this block.</summary>
    [FieldOffset(ActivationsAt)]
    public byte* Activations;

    [FieldOffset(ActivationStrideAt)]
    public long ActivationStride;

    [FieldOffset(WeightsAt)]
    public byte* Weights;

    /// <summary>Bytes from a pair of inputs to the next (bf16).</summary>
    [FieldOffset(WeightStrideAt)]
    public long WeightStride;

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

    /// <summary>The shape of a tile; without rows it must not have columns either.</summary>
    public void Shape(int tile, int rows, int rowBytes = TileBytes)
    {
        _configuration[0] = 1;
        _configuration[16 + (2 * tile)] = (byte)(rows == 0 ? 0 : rowBytes);
        _configuration[48 + tile] = (byte)rows;
    }
}
