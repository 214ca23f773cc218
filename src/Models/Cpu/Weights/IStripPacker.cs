namespace InferenceServer.Models.Cpu.Weights;

/// <summary>
/// How one format lays a matrix out: strips of <see cref="StripOutputs"/> outputs, each read from its first byte to its
/// last. One layout serves decode and prefill.
/// </summary>
internal unsafe interface IStripPacker
{
    const int StripOutputs = 32;

    static abstract WeightFormat Format { get; }

    /// <summary>Bytes of a strip over this many inputs.</summary>
    static abstract long StripBytes(int inputs);

    /// <summary>Packs <paramref name="rows"/>, [StripOutputs, inputs] in f32; missing outputs are rows of zeros.</summary>
    static abstract void Pack(float* rows, int inputs, byte* strip);
}
