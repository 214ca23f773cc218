using InferenceServer.Models.Cpu.Lanes;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>Formats of quantised blocks, <see cref="WeightBlocks"/>, multiplied as integers.</summary>
internal unsafe interface IWeightBlocks : IStripPacker
{
    /// <summary>Stored for a weight of 0.</summary>
    static abstract int ZeroPoint { get; }

    /// <summary>Groups of quants in a block: 128 bytes each, four bytes an output.</summary>
    static abstract int Groups { get; }

    /// <summary>
    /// Adds a group's weights times the activations they belong to; <paramref name="raw"/> holds the group of sixteen outputs,
    /// <paramref name="x"/> the block's 32 activations.
    /// </summary>
    static abstract TDots Add<TDots>(TDots sum, TDots raw, int* x, int group)
        where TDots : unmanaged, IDots<TDots>;
}
