using InferenceServer.Models.Cpu.Lanes;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>
/// How one format lays a matrix out: strips of <see cref="StripOutputs"/> outputs, within a strip pairs of inputs
/// (k, k+1) one after the other, so that a product reads a strip from its first byte to its last. One layout
/// serves decode and prefill.
/// </summary>
internal unsafe interface IWeightPanels
{
    const int StripOutputs = 32;

    static abstract WeightFormat Format { get; }

    /// <summary>Bytes of one pair of inputs for all outputs of a strip.</summary>
    static abstract int PairBytes { get; }

    /// <summary>Packs <paramref name="rows"/>, [StripOutputs, inputs] in f32; missing outputs are rows of zeros.</summary>
    static abstract void Pack(float* rows, int inputs, byte* strip);

    /// <summary>Weights of the pair's even input for outputs 0..15 (half 0) or 16..31 (half 1).</summary>
    static abstract TLanes Even<TLanes>(byte* pair, int half)
        where TLanes : unmanaged, ILanes<TLanes>;

    /// <summary>Weights of the pair's odd input.</summary>
    static abstract TLanes Odd<TLanes>(byte* pair, int half)
        where TLanes : unmanaged, ILanes<TLanes>;
}
