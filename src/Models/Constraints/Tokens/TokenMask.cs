using System.Numerics;

namespace InferenceServer.Models.Constraints.Tokens;

/// <summary>Tokens that may come next, one bit each. Never changed once made.</summary>
public sealed class TokenMask
{
    private const int Word = 64;

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
        Span<float> kept = stackalloc float[Word];
        for (var word = 0; word * Word < logits.Length; word++)
        {
            var part = logits.Slice(word * Word, Math.Min(Word, logits.Length - (word * Word)));
            var bits = word < _bits.Length ? _bits[word] : 0;
            if (part.Length < Word) bits &= (1UL << part.Length) - 1;
            // What is rarer is touched one by one.
            if (BitOperations.PopCount(bits) > Word / 2)
            {
                for (var rest = ~bits; rest != 0 && BitOperations.TrailingZeroCount(rest) < part.Length; rest &= rest - 1)
                    part[BitOperations.TrailingZeroCount(rest)] = float.NegativeInfinity;
                continue;
            }

            for (var rest = bits; rest != 0; rest &= rest - 1) kept[BitOperations.TrailingZeroCount(rest)] = part[BitOperations.TrailingZeroCount(rest)];
            part.Fill(float.NegativeInfinity);
            for (var rest = bits; rest != 0; rest &= rest - 1) part[BitOperations.TrailingZeroCount(rest)] = kept[BitOperations.TrailingZeroCount(rest)];
        }
    }
}
