namespace InferenceServer.Models.Decoding;

/// <summary>
/// Counter-based draws: a hash of (seed, stream, index), so that a draw depends on nothing that ran before it,
/// on no other row of the batch, and is repeated exactly after preemption. Mixing is SplitMix64's finaliser.
/// </summary>
public static class CounterRandom
{
    /// <summary>A uniform draw in [0, 1) with 53 random bits.</summary>
    public static double Uniform(ulong seed, uint stream, uint index)
    {
        var state = Mix(seed + 0x9E3779B97F4A7C15);
        state = Mix(state ^ (((ulong)stream << 32) | index));
        return (Mix(state + 0x9E3779B97F4A7C15) >> 11) * (1.0 / (1ul << 53));
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
