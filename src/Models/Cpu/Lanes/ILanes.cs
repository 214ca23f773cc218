namespace InferenceServer.Models.Cpu.Lanes;

/// <summary>
/// Sixteen f32 lanes: one 512-bit register, two of 256 bits or four of 128. Every kernel is written once over this
/// type, so the order of every sum is the same on every machine. Multiply-adds are fused in all of them.
/// </summary>
internal unsafe interface ILanes<TSelf>
    where TSelf : unmanaged, ILanes<TSelf>
{
    const int Count = 16;

    static abstract KernelPath Path { get; }

    static abstract bool IsSupported { get; }

    static abstract TSelf Zero { get; }

    static abstract TSelf Load(float* source);

    /// <summary>The low halves of sixteen 32-bit words, as bf16: the even one of each pair of weights.</summary>
    static abstract TSelf LoadLowHalves(byte* source);

    /// <summary>The high halves of sixteen 32-bit words, as bf16: the odd one of each pair of weights.</summary>
    static abstract TSelf LoadHighHalves(byte* source);

    static abstract void Store(float* destination, TSelf value);

    static abstract TSelf Broadcast(float value);

    /// <summary>a · b + c, rounded once.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    static abstract TSelf Add(TSelf a, TSelf b);

    static abstract TSelf Subtract(TSelf a, TSelf b);

    static abstract TSelf Multiply(TSelf a, TSelf b);

    static abstract TSelf Divide(TSelf a, TSelf b);

    /// <summary>The larger one; <paramref name="value"/> where it is NaN.</summary>
    static abstract TSelf AtLeast(TSelf bound, TSelf value);

    /// <summary>The smaller one; <paramref name="value"/> where it is NaN.</summary>
    static abstract TSelf AtMost(TSelf bound, TSelf value);

    /// <summary>2ⁿ from the bits of 1.5·2²³ + n.</summary>
    static abstract TSelf PowerOfTwo(TSelf shifted);

    /// <summary>Sum in one order for every width: lanes i + (i+8), then + 4 apart, 2 apart, 1 apart.</summary>
    static abstract float Sum(TSelf value);

    /// <summary>Asks for a cache line ahead of its use; the address may lie beyond the weights.</summary>
    static abstract void Prefetch(byte* address);
}
