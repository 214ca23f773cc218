using System.Globalization;
using System.Numerics;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Floats as Python prints and rounds them.</summary>
internal static class PythonFloat
{
    /// <summary>The shortest digits that read back as the same number; scientific below 1e-4 and from 1e16.</summary>
    public static string Repr(double value)
    {
        if (!double.IsFinite(value))
        {
            return NonFinite(value);
        }

        var (digits, exponent) = Shortest(Math.Abs(value));
        var sign = double.IsNegative(value) ? "-" : "";
        if (exponent is < -4 or >= 16)
        {
            var mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
            return $"{sign}{mantissa}e{Exponent(exponent)}";
        }

        return sign + Plain(digits, exponent, alwaysPoint: true);
    }

    /// <summary><c>%f</c>: a fixed number of decimals, ties to even on the exact value.</summary>
    public static string Fixed(double value, int precision)
    {
        if (!double.IsFinite(value))
        {
            return NonFinite(value);
        }

        var scaled = BigInteger.Abs(Scale(value, precision)).ToString(CultureInfo.InvariantCulture).PadLeft(precision + 1, '0');
        var sign = double.IsNegative(value) ? "-" : "";
        return precision == 0 ? sign + scaled : $"{sign}{scaled[..^precision]}.{scaled[^precision..]}";
    }

    /// <summary><c>%e</c>: one digit, the decimals, and an exponent of at least two digits.</summary>
    public static string Scientific(double value, int precision)
    {
        if (!double.IsFinite(value))
        {
            return NonFinite(value);
        }

        var (digits, exponent) = Rounded(value, precision + 1);
        var sign = double.IsNegative(value) ? "-" : "";
        return $"{sign}{digits[0]}{(precision > 0 ? "." : "")}{digits[1..]}e{Exponent(exponent)}";
    }

    /// <summary><c>%g</c>: significant digits without trailing zeros, scientific when the exponent is small or large.</summary>
    public static string General(double value, int precision)
    {
        if (!double.IsFinite(value))
        {
            return NonFinite(value);
        }

        precision = Math.Max(precision, 1);
        var (digits, exponent) = Rounded(value, precision);
        digits = digits.TrimEnd('0');
        digits = digits.Length == 0 ? "0" : digits;
        var sign = double.IsNegative(value) ? "-" : "";
        if (exponent < -4 || exponent >= precision)
        {
            return $"{sign}{digits[0]}{(digits.Length > 1 ? "." : "")}{digits[1..]}e{Exponent(exponent)}";
        }

        return sign + Plain(digits, exponent, alwaysPoint: false);
    }

    /// <summary>Python's <c>round(value, digits)</c>.</summary>
    public static double Round(double value, int digits)
    {
        if (!double.IsFinite(value) || digits > 323)
        {
            return value;
        }

        if (digits < -308)
        {
            return Math.CopySign(0, value);
        }

        var text = string.Create(CultureInfo.InvariantCulture, $"{Scale(value, digits)}E{-digits}");
        return Math.CopySign(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture), value);
    }

    /// <summary>The value times 10^digits, rounded to an integer with ties to even, exactly.</summary>
    public static BigInteger Scale(double value, int digits)
    {
        var bits = BitConverter.DoubleToInt64Bits(value);
        var exponent = (int)((bits >> 52) & 0x7FF);
        var mantissa = bits & 0xFFFFFFFFFFFFF;
        (mantissa, exponent) = exponent == 0 ? (mantissa, -1074) : (mantissa | (1L << 52), exponent - 1075);
        BigInteger numerator = mantissa;
        var denominator = BigInteger.One;
        numerator = digits >= 0 ? numerator * BigInteger.Pow(10, digits) : numerator;
        denominator = digits < 0 ? denominator * BigInteger.Pow(10, -digits) : denominator;
        numerator = exponent >= 0 ? numerator << exponent : numerator;
        denominator = exponent < 0 ? denominator << -exponent : denominator;
        var quotient = BigInteger.DivRem(numerator, denominator, out var remainder);
        var half = (remainder * 2).CompareTo(denominator);
        quotient += half > 0 || (half == 0 && !quotient.IsEven) ? 1 : 0;
        return bits < 0 ? -quotient : quotient;
    }

    private static (string Digits, int Exponent) Rounded(double value, int count)
    {
        value = Math.Abs(value);
        if (value == 0)
        {
            return (new string('0', count), 0);
        }

        var exponent = Shortest(value).Exponent;
        var digits = Scale(value, count - 1 - exponent).ToString(CultureInfo.InvariantCulture);
        return digits.Length > count ? (digits[..count], exponent + 1) : (digits, exponent);
    }

    /// <summary>Significant digits without point, and the decimal exponent of the first.</summary>
    private static (string Digits, int Exponent) Shortest(double value)
    {
        if (value == 0)
        {
            return ("0", 0);
        }

        var parts = value.ToString("R", CultureInfo.InvariantCulture).Split('E');
        var digits = parts[0].Replace(".", "", StringComparison.Ordinal).TrimStart('0').TrimEnd('0');
        var exponent = parts.Length == 2 ? int.Parse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : 0;
        return (digits, exponent + LeadingExponent(parts[0]));
    }

    private static int LeadingExponent(string mantissa)
    {
        var point = mantissa.IndexOf('.');
        point = point < 0 ? mantissa.Length : point;
        var first = 0;
        while (mantissa[first] is '0' or '.')
        {
            first++;
        }

        return first < point ? point - first - 1 : point - first;
    }

    private static string Plain(string digits, int exponent, bool alwaysPoint)
    {
        if (exponent < 0)
        {
            return $"0.{new string('0', -exponent - 1)}{digits}";
        }

        if (digits.Length <= exponent + 1)
        {
            return digits.PadRight(exponent + 1, '0') + (alwaysPoint ? ".0" : "");
        }

        return $"{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    private static string Exponent(int exponent) =>
        (exponent < 0 ? "-" : "+") + Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture);

    private static string NonFinite(double value) => double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
}
