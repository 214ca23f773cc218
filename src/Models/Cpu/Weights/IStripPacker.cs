namespace InferenceServer.Models.Cpu.Weights;

/// <summary>
/// How one format lays a matrix out: strips of <see cref="StripOutputs"/> outputs, each read from its first byte to its
/// last, block of <see cref="WeightBlocks.Inputs"/> inputs after block. One layout serves decode and prefill.
/// </summary>
internal unsafe interface IStripPacker
{
    const int StripOutputs = 32;

    static abstract WeightFormat Format { get; }

    /// <summary>Bytes of a strip over this many inputs.</summary>
    static abstract long StripBytes(int inputs);

    /// <summary>Bytes from one block of a strip to the next.</summary>
    static abstract int BlockBytes { get; }

    /// <summary>
    /// Packs a tile, <see cref="TileReader"/>, of which only the first <paramref name="inputs"/> inputs are in the matrix.
    /// The bits do not depend on the instruction set.
    /// </summary>
    static abstract void Pack(float* tile, int inputs, byte* block);
}
