namespace InferenceServer.Models.Constraints.Tokens;

/// <summary>Tokens that may come next, one bit each. Never changed once made.</summary>
public sealed class TokenMask
{
    private readonly ulong[] _bits;

    /// <param name="bits">As <see cref="Words"/> has them; must not be changed afterwards.</param>
    public TokenMask(ulong[] bits) => _bits = bits;

    /// <summary>Bit i of word w is token 64·w + i; tokens beyond the last word may not come.</summary>
    public ReadOnlySpan<ulong> Words => _bits;

    /// <summary>Whether no token may come.</summary>
    public bool IsEmpty => !_bits.AsSpan().ContainsAnyExcept(0UL);

    public bool Contains(int token) => token >> 6 < _bits.Length && (_bits[token >> 6] >> (token & 63) & 1) != 0;

    /// <summary>Sets the logits ([vocabulary]) of all other tokens to −∞.</summary>
    public void Apply(Span<float> logits)
    {
        for (var word = 0; word << 6 < logits.Length; word++)
        {
            var part = logits.Slice(word << 6, Math.Min(64, logits.Length - (word << 6)));
            var bits = word < _bits.Length ? _bits[word] : 0;
            if (bits == ulong.MaxValue) continue;
            if (bits == 0)
            {
                part.Fill(float.NegativeInfinity);
                continue;
            }

            for (var i = 0; i < part.Length; i++)
            {
                if ((bits >> i & 1) == 0) part[i] = float.NegativeInfinity;
            }
        }
    }
}
