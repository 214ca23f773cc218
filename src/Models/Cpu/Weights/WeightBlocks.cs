namespace InferenceServer.Models.Cpu.Weights;

/// <summary>
/// What the quantised formats share. A block is <see cref="Inputs"/> inputs of all outputs of a strip: the quants, inputs in
/// groups of four ([group][32 outputs][4]), as unsigned numbers around a zero point; then a bf16 scale an output, output
/// n in the low and n + 16 in the high half of word n. w ≈ scale · (quant − zero point).
/// </summary>
internal static unsafe class WeightBlocks
{
    /// <summary>Inputs that share a scale.</summary>
    public const int Inputs = 32;

    /// <summary>Bytes of the scales of one block.</summary>
    public const int ScaleBytes = IStripPacker.StripOutputs * sizeof(ushort);

    public static int Count(int inputs) => (inputs + Inputs - 1) / Inputs;

    /// <summary>Copies a block's weights of one output; missing inputs are zero.</summary>
    public static void Gather(float* row, int inputs, int block, float* weights)
    {
        var count = Math.Min(Inputs, inputs - (block * Inputs));
        new ReadOnlySpan<float>(row + (block * Inputs), count).CopyTo(new Span<float>(weights, count));
        new Span<float>(weights + count, Inputs - count).Clear();
    }

    public static void StoreScale(byte* scales, int output, ushort scale) =>
        ((ushort*)scales)[(2 * (output % 16)) + (output / 16)] = scale;

    public static float Widen(ushort bf16) => BitConverter.UInt32BitsToSingle((uint)bf16 << 16);
}
