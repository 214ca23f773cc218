using System.Globalization;
using System.Numerics;

namespace InferenceServer.Models.Constraints.Automata;

/// <summary>A decimal number, exactly: Digits · 10^-Scale.</summary>
internal readonly record struct ExactNumber(BigInteger Digits, int Scale) : IComparable<ExactNumber>
{
    private const int MaxExponent = 400;

    /// <summary>A number as JSON writes it.</summary>
    /// <exception cref="ConstraintException">Its exponent is beyond any use.</exception>
    public static ExactNumber Parse(string json)
    {
        var e = json.IndexOfAny(['e', 'E']);
        var mantissa = e < 0 ? json : json[..e];
        if (!int.TryParse(e < 0 ? "0" : json[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent)
            || Math.Abs(exponent) > MaxExponent || mantissa.Length > MaxExponent)
        {
            throw ConstraintException.TooComplex($"The number {(json.Length <= 40 ? json : json[..40] + "…")} is too large or too exact.");
        }

        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var scale = (point < 0 ? 0 : mantissa.Length - point - 1) - exponent;
        var digits = BigInteger.Parse(mantissa.Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        if (scale < 0) (digits, scale) = (digits * BigInteger.Pow(10, -scale), 0);
        while (scale > 0 && digits % 10 == 0) (digits, scale) = (digits / 10, scale - 1);
        return new ExactNumber(digits, scale);
    }

    public bool IsWhole => Scale == 0;

    public bool IsMultipleOf(ExactNumber step)
    {
        var scale = Math.Max(Scale, step.Scale);
        return (At(scale) % step.At(scale)).IsZero;
    }

    public ExactNumber Negated => this with { Digits = -Digits };

    public int CompareTo(ExactNumber other)
    {
        var scale = Math.Max(Scale, other.Scale);
        return At(scale).CompareTo(other.At(scale));
    }

    /// <summary>Digits before and behind the point, without sign.</summary>
    public (string Whole, string Fraction) Text()
    {
        var text = BigInteger.Abs(Digits).ToString(CultureInfo.InvariantCulture).PadLeft(Scale + 1, '0');
        return (text[..^Scale], text[^Scale..]);
    }

    private BigInteger At(int scale) => Digits * BigInteger.Pow(10, scale - Scale);

    public static bool operator <(ExactNumber left, ExactNumber right) => left.CompareTo(right) < 0;

    public static bool operator >(ExactNumber left, ExactNumber right) => left.CompareTo(right) > 0;

    public static bool operator <=(ExactNumber left, ExactNumber right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ExactNumber left, ExactNumber right) => left.CompareTo(right) >= 0;
}
