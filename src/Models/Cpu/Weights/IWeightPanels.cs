using InferenceServer.Models.Cpu.Lanes;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>Formats whose weights are widened to f32 as they are used: pairs of inputs (k, k+1) one after the other.</summary>
internal unsafe interface IWeightPanels : IStripPacker
{
    /// <summary>Bytes of one pair of inputs for all outputs of a strip.</summary>
    static abstract int PairBytes { get; }

    /// <summary>Weights of the pair's even input for outputs 0..15 (half 0) or 16..31 (half 1).</summary>
    static abstract TLanes Even<TLanes>(byte* pair, int half)
        where TLanes : unmanaged, ILanes<TLanes>;

    /// <summary>Weights of the pair's odd input.</summary>
    static abstract TLanes Odd<TLanes>(byte* pair, int half)
        where TLanes : unmanaged, ILanes<TLanes>;
}
