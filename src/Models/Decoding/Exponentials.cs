using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace InferenceServer.Models.Decoding;

/// <summary>
/// e^((x − max) / temperature) over a row of logits and its sum. Sixteen lanes by index and one order of sums, whatever the
/// width of the machine's registers: the same bits everywhere.
/// </summary>
internal static class Exponentials
{
    private const float Log2E = 1.44269504f;

    // ln 2 in two parts: the first has trailing zeros, so n · LnHigh is exact for every n that occurs.
    private const float LnHigh = 0.693359375f;
    private const float LnLow = -2.12194440e-4f;

    // Adding 1.5·2²³ rounds to an integer and leaves it in the low bits.
    private const float Shift = 12582912f;

    /// <summary>Below e^−87 a weight is nothing.</summary>
    public const float Least = -87f;

    /// <summary>Σ e^((x − max) / temperature); <paramref name="max"/> is the largest x.</summary>
    /// <param name="least">Terms whose exponent is not above it are left out.</param>
    public static double Sum(ReadOnlySpan<float> x, float max, float temperature = 1, float least = Least)
    {
        var (low, high) = (Vector512<double>.Zero, Vector512<double>.Zero);
        var i = 0;
        for (; i <= x.Length - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            var e = Of(Vector512.Create(x[i..]), max, temperature, least);
            low += Vector512.WidenLower(e);
            high += Vector512.WidenUpper(e);
        }

        var sum = Vector512.Sum(low + high);
        if (i == x.Length) return sum;
        Span<float> rest = stackalloc float[Vector512<float>.Count];
        Write(x[i..], max, temperature, rest, least);
        foreach (var e in rest[..(x.Length - i)]) sum += e;
        return sum;
    }

    /// <summary>e^((x − max) / temperature) of every x.</summary>
    public static void Write(ReadOnlySpan<float> x, float max, float temperature, Span<float> to, float least = Least)
    {
        var i = 0;
        for (; i <= x.Length - Vector512<float>.Count; i += Vector512<float>.Count) Of(Vector512.Create(x[i..]), max, temperature, least).CopyTo(to[i..]);
        if (i == x.Length) return;
        Span<float> rest = stackalloc float[Vector512<float>.Count];
        rest.Fill(float.NegativeInfinity);
        x[i..].CopyTo(rest);
        Of(Vector512.Create<float>(rest), max, temperature, least).CopyTo(rest);
        rest[..(x.Length - i)].CopyTo(to[i..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Of(Vector512<float> logits, float max, float temperature, float least)
    {
        var x = (logits - Vector512.Create(max)) / Vector512.Create(temperature);
        var something = Vector512.GreaterThan(x, Vector512.Create(least));
        x = Vector512.Max(x, Vector512.Create(Least));
        var shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(Log2E), Vector512.Create(Shift));
        var n = shifted - Vector512.Create(Shift);
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-LnHigh), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-LnLow), r);
        // Taylor's series on |r| <= ln 2 / 2: the first term left out is below 6e-9.
        var p = Vector512.Create(1f / 5040);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 720));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 120));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 24));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 6));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(0.5f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);
        // 2ⁿ from the low bits of 1.5·2²³ + n.
        var power = ((shifted.AsInt32() + Vector512.Create(127)) << 23).AsSingle();
        return Vector512.ConditionalSelect(something, p * power, Vector512<float>.Zero);
    }
}
