using System.Globalization;
using System.Numerics;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Python's numbers: integers of any size (within a limit), floats, and booleans as integers.</summary>
internal static class PythonNumbers
{
    /// <summary>Decimal digits of an integer, as CPython limits conversions between text and integers.</summary>
    public const int MaxDigits = 4300;

    private const int MaxBits = 14_280;

    /// <summary>The integer in a bool or int, or null for other types.</summary>
    public static BigInteger? AsInteger(Value value) => value switch
    {
        IntValue i => i.Number,
        BoolValue b => b.IsTrue ? BigInteger.One : BigInteger.Zero,
        _ => null,
    };

    public static double? AsFloat(Value value) => value is FloatValue f ? f.Number : AsInteger(value) is { } i ? ToDouble(i) : null;

    /// <summary>An index or count: fails for anything but an integer, clamps what does not fit.</summary>
    public static int ToInt(Value value)
    {
        var number = AsInteger(value)
            ?? throw (value is UndefinedValue undefined
                ? undefined.Error()
                : new ChatTemplateException($"a value of type '{value.TypeName}' cannot be used as an integer"));
        return (int)BigInteger.Clamp(number, int.MinValue, int.MaxValue);
    }

    public static double ToDouble(BigInteger number)
    {
        var result = (double)number;
        return double.IsInfinity(result) ? throw new ChatTemplateException("the integer is too large for a float") : result;
    }

    public static IntValue Checked(BigInteger number, bool fromInput) => number.GetBitLength() <= MaxBits
        ? new(number, fromInput)
        : throw new ChatTemplateException($"an integer grows past {MaxDigits} digits");

    /// <summary>Orders two numbers exactly; a NaN is unequal to everything (the result is then 2).</summary>
    public static int Compare(Value x, Value y)
    {
        if (AsInteger(x) is { } a && AsInteger(y) is { } b)
        {
            return a.CompareTo(b);
        }

        if (x is FloatValue fx && y is FloatValue fy)
        {
            return Compare(fx.Number, fy.Number);
        }

        return x is FloatValue f ? CompareMixed(f.Number, AsInteger(y)!.Value) : -CompareMixed(((FloatValue)y).Number, AsInteger(x)!.Value);
    }

    public static BigInteger FloorDivide(BigInteger a, BigInteger b)
    {
        var quotient = BigInteger.DivRem(a, b, out var remainder);
        return !remainder.IsZero && (remainder.Sign < 0) != (b.Sign < 0) ? quotient - 1 : quotient;
    }

    public static double FloorModulo(double a, double b)
    {
        var remainder = a % b;
        return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder == 0 ? Math.CopySign(0, b) : remainder;
    }

    /// <summary>Digits in a base from 2 to 36, or null when one does not belong.</summary>
    public static BigInteger? ParseDigits(ReadOnlySpan<char> digits, int numberBase)
    {
        if (digits.Length is 0 or > MaxDigits)
        {
            return null;
        }

        var value = BigInteger.Zero;
        foreach (var c in digits)
        {
            var digit = char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetter(c) ? (c | 0x20) - 'a' + 10 : numberBase;
            if (digit >= numberBase)
            {
                return null;
            }

            value = (value * numberBase) + digit;
        }

        return value;
    }

    /// <summary>Python's <c>int(text, base)</c>, or null where it raises ValueError.</summary>
    public static BigInteger? ParseInteger(string text, int numberBase)
    {
        var digits = StripUnderscores(PythonText.TrimEnd(text).AsSpan().TrimStart());
        if (digits is null || (numberBase != 0 && numberBase is < 2 or > 36))
        {
            return null;
        }

        var negative = digits.StartsWith('-');
        digits = negative || digits.StartsWith('+') ? digits[1..] : digits;
        var prefixBase = digits.Length > 2 && digits[0] == '0' ? char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 } : 0;
        if (prefixBase != 0 && (numberBase == 0 || numberBase == prefixBase))
        {
            (digits, numberBase) = (digits[2..], prefixBase);
        }

        var value = ParseDigits(digits, numberBase == 0 ? 10 : numberBase);
        return negative ? -value : value;
    }

    /// <summary>Python's <c>float(text)</c>, or null where it raises ValueError.</summary>
    public static double? ParseFloat(string text)
    {
        var number = StripUnderscores(PythonText.TrimEnd(text).AsSpan().TrimStart());
        if (number is null)
        {
            return null;
        }

        var bare = number.TrimStart('+', '-').ToLowerInvariant();
        if (bare is "inf" or "infinity" or "nan" && number.Length - bare.Length <= 1)
        {
            return bare == "nan" ? double.NaN : number[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
        }

        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(number, Style, CultureInfo.InvariantCulture, out var value) && bare.Any(char.IsAsciiDigit) ? value : null;
    }

    private static string? StripUnderscores(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '_' && (i == 0 || i == text.Length - 1 || !char.IsAsciiLetterOrDigit(text[i - 1]) || !char.IsAsciiLetterOrDigit(text[i + 1])))
            {
                return null;
            }
        }

        return text.ToString().Replace("_", "", StringComparison.Ordinal);
    }

    private static int Compare(double a, double b) => double.IsNaN(a) || double.IsNaN(b) ? 2 : a.CompareTo(b);

    private static int CompareMixed(double a, BigInteger b)
    {
        if (double.IsNaN(a))
        {
            return 2;
        }

        if (double.IsInfinity(a))
        {
            return a > 0 ? 1 : -1;
        }

        var whole = Math.Floor(a);
        var order = new BigInteger(whole).CompareTo(b);
        return order == 0 && a > whole ? 1 : order;
    }
}
