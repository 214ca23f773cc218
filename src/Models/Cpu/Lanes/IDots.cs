namespace InferenceServer.Models.Cpu.Lanes;

/// <summary>
/// Sixteen outputs of an integer product: 64 bytes that are four weights a lane, an integer sum a lane or a float a lane, as
/// an operation takes them. Integer sums are exact, floats are multiplied and added in one order: every width gives the
/// same bits.
/// </summary>
internal unsafe interface IDots<TSelf>
    where TSelf : unmanaged, IDots<TSelf>
{
    const int Count = 16;

    static abstract bool IsSupported { get; }

    static abstract TSelf Zero { get; }

    /// <summary>64 bytes: weights 4n..4n+3 are those of lane n.</summary>
    static abstract TSelf Load(byte* source);

    /// <summary>The low four bits of each byte.</summary>
    static abstract TSelf LowNibbles(TSelf bytes);

    /// <summary>The high four bits of each byte.</summary>
    static abstract TSelf HighNibbles(TSelf bytes);

    /// <summary>The low halves of 32-bit words as bf16, widened to floats.</summary>
    static abstract TSelf LowScales(TSelf words);

    /// <summary>The high halves of 32-bit words as bf16, widened to floats.</summary>
    static abstract TSelf HighScales(TSelf words);

    /// <summary>The same integer in every lane.</summary>
    static abstract TSelf Create(int value);

    /// <summary>sum + Σ w·x over a lane's four unsigned weights and the four signed activations of <paramref name="x"/>.</summary>
    static abstract TSelf Dot(TSelf sum, TSelf weights, int x);

    /// <summary>total + float(sum) · (scales · scale), the last product rounded once, as is the sum.</summary>
    static abstract TSelf Accumulate(TSelf total, TSelf sum, TSelf scales, float scale);

    /// <summary>Sixteen floats.</summary>
    static abstract void Store(float* destination, TSelf value);

    /// <inheritdoc cref="ILanes{TSelf}.Prefetch"/>
    static abstract void Prefetch(byte* address);
}
