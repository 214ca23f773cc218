using System.Globalization;
using System.Numerics;
using System.Text;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Python's format specification: <c>[[fill]align][sign][#][0][width][,][.precision][type]</c>.</summary>
internal sealed record FormatSpec
{
    private const int MaxWidth = 1_000_000;

    public string Fill { get; init; } = " ";

    public char Align { get; init; }

    public char Sign { get; init; } = '-';

    public bool Alternate { get; init; }

    public int Width { get; init; }

    public char Grouping { get; init; }

    public int Precision { get; init; } = -1;

    public char Type { get; init; }

    public static FormatSpec Parse(string spec)
    {
        var result = new FormatSpec();
        var i = 0;
        var size = spec.Length > 0 ? PythonText.SizeAt(spec, 0) : 0;
        if (spec.Length > size && spec[size] is '<' or '>' or '^' or '=')
        {
            result = result with { Fill = spec[..size], Align = spec[size] };
            i = size + 1;
        }
        else if (spec.Length > 0 && spec[0] is '<' or '>' or '^' or '=')
        {
            result = result with { Align = spec[0] };
            i = 1;
        }

        bool At(params ReadOnlySpan<char> options) => i < spec.Length && options.Contains(spec[i]);
        result = At('+', '-', ' ') ? result with { Sign = spec[i++] } : result;
        if (At('#'))
        {
            result = result with { Alternate = true };
            i++;
        }

        if (At('0'))
        {
            result = result.Align == '\0' ? result with { Fill = "0", Align = '=' } : result;
            i++;
        }

        result = result with { Width = Number(spec, ref i) ?? 0 };
        result = At(',', '_') ? result with { Grouping = spec[i++] } : result;
        if (At('.'))
        {
            i++;
            result = result with { Precision = Number(spec, ref i) ?? throw Invalid(spec) };
        }

        result = i < spec.Length ? result with { Type = spec[i++] } : result;
        return i == spec.Length ? result : throw Invalid(spec);
    }

    /// <summary>Reads digits at <paramref name="i"/>, or returns null when there are none.</summary>
    public static int? Number(string spec, ref int i)
    {
        var start = i;
        while (i < spec.Length && char.IsAsciiDigit(spec[i]))
        {
            i++;
        }

        if (i == start)
        {
            return null;
        }

        return int.TryParse(spec.AsSpan(start, i - start), CultureInfo.InvariantCulture, out var number) && number <= MaxWidth
            ? number
            : throw new ChatTemplateException($"a width or precision in a format is above {MaxWidth}");
    }

    public OriginText Format(Value value)
    {
        if (value is StringValue text)
        {
            if (Type is not ('\0' or 's') || Align == '=')
            {
                throw new ChatTemplateException($"format '{Type}' does not apply to a string");
            }

            return Pad(Precision >= 0 ? text.SliceCodePoints(0, Precision) : text.Rope, '<');
        }

        if (value is BoolValue && Type is '\0' or 's')
        {
            return new FormatSpec { Fill = Fill, Align = Align, Width = Width }.Pad(PythonRepr.Str(value), '<');
        }

        if (value is not (IntValue or FloatValue or BoolValue))
        {
            return this == new FormatSpec()
                ? PythonRepr.Str(value)
                : throw new ChatTemplateException($"a value of type '{value.TypeName}' has no format");
        }

        var isInteger = value is not FloatValue && Type is '\0' or 'd' or 'b' or 'o' or 'x' or 'X' or 'n' or 'c';
        var body = isInteger ? Integer(PythonNumbers.AsInteger(value)!.Value) : Float(PythonNumbers.AsFloat(value)!.Value);
        var negative = body.StartsWith('-');
        var sign = negative ? "-" : Sign == '-' ? "" : Sign.ToString();
        body = negative ? body[1..] : body;
        body = Grouping != '\0' ? Group(body) : body;
        if (Align == '=' && PythonText.Length(sign + body) < Width)
        {
            body = new StringBuilder().Insert(0, Fill, Width - PythonText.Length(sign + body)).ToString() + body;
        }

        return Pad(OriginText.Of(sign + body, value.FromInput), '>');
    }

    /// <summary>Fills up to the width; the filling has the origin of the text.</summary>
    public OriginText Pad(OriginText text, char defaultAlign)
    {
        var missing = Width - PythonText.Length(text.Text);
        if (missing <= 0)
        {
            return text;
        }

        var align = Align == '\0' ? defaultAlign : Align;
        var left = align switch { '>' or '=' => missing, '^' => missing / 2, _ => 0 };
        var builder = new OriginTextBuilder();
        for (var i = 0; i < left; i++)
        {
            builder.Append(Fill, text.AnyInput);
        }

        builder.Append(text);
        for (var i = left; i < missing; i++)
        {
            builder.Append(Fill, text.AnyInput);
        }

        return builder.ToText();
    }

    private static ChatTemplateException Invalid(string spec) => new($"invalid format '{spec}'");

    private string Integer(BigInteger value)
    {
        var digits = Type switch
        {
            'x' or 'X' => Radix(value, 16, "0x"),
            'o' => Radix(value, 8, "0o"),
            'b' => Radix(value, 2, "0b"),
            'c' => char.ConvertFromUtf32(value >= 0 && value < 0xD800
                ? (int)value
                : throw new ChatTemplateException("format 'c' needs the number of a character")),
            _ => value.ToString(CultureInfo.InvariantCulture),
        };
        return Type == 'X' ? digits.ToUpperInvariant() : digits;
    }

    private string Radix(BigInteger value, int radix, string prefix)
    {
        var digits = new StringBuilder();
        for (var rest = BigInteger.Abs(value); !rest.IsZero; rest /= radix)
        {
            digits.Insert(0, "0123456789abcdef"[(int)(rest % radix)]);
        }

        return (value.Sign < 0 ? "-" : "") + (Alternate ? prefix : "") + (digits.Length == 0 ? "0" : digits.ToString());
    }

    private string Float(double value)
    {
        var precision = Precision < 0 ? 6 : Math.Min(Precision, 1000);
        var text = Type switch
        {
            'f' or 'F' => PythonFloat.Fixed(value, precision),
            'e' or 'E' => PythonFloat.Scientific(value, precision),
            'g' or 'G' or 'n' => PythonFloat.General(value, precision),
            '%' => PythonFloat.Fixed(value * 100, precision) + "%",
            '\0' when Precision < 0 => PythonFloat.Repr(value),
            '\0' => PythonFloat.General(value, precision) is var g && !g.Contains('.') && !g.Contains('e') ? g + ".0" : PythonFloat.General(value, precision),
            _ => throw new ChatTemplateException($"format '{Type}' does not apply to a number"),
        };
        return char.IsUpper(Type) ? text.ToUpperInvariant() : text;
    }

    private string Group(string digits)
    {
        var end = 0;
        while (end < digits.Length && char.IsAsciiDigit(digits[end]))
        {
            end++;
        }

        for (var i = end - 3; i > 0; i -= 3)
        {
            digits = digits.Insert(i, Grouping.ToString());
        }

        return digits;
    }
}
