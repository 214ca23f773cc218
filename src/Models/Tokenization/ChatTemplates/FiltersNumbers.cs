using System.Numerics;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Filters that make numbers.</summary>
internal static partial class Filters
{
    private static void AddNumbers(Dictionary<string, Func<Interpreter, Value, CallArguments, Value>> table)
    {
        table.Add("abs", "", (_, v, _) => v is FloatValue f
            ? new FloatValue(Math.Abs(f.Number), v.FromInput)
            : new IntValue(BigInteger.Abs(PythonNumbers.AsInteger(v) ?? PythonNumbers.ToInt(v)), v.FromInput));
        table.Add("int", "default? base?", (_, v, a) => ToInteger(v, a[0] ?? new IntValue(0), a[1] is null ? 10 : PythonNumbers.ToInt(a[1]!)));
        table.Add("float", "default?", (_, v, a) => Float(v) is { } f ? new FloatValue(f, v.FromInput) : a[0] ?? new FloatValue(0));
        table.Add("round", "precision? method?", (_, v, a) => Round(v, a[0] is null ? 0 : PythonNumbers.ToInt(a[0]!), a[1]));
        table.Add("sum", "attribute? start?", (_, v, a) => v.RequireItems().Select(Getter(a[0])).Aggregate(a[1] ?? new IntValue(0), (x, y) => Operators.Binary("+", x, y)));
    }

    private static double ToFloat(Value value) => Float(value) ?? throw new ChatTemplateException($"a value of type '{value.TypeName}' is not a number");

    private static double? Float(Value value) => value switch
    {
        StringValue text => PythonNumbers.ParseFloat(text.Text),
        UndefinedValue undefined => throw undefined.Error(),
        _ => PythonNumbers.AsFloat(value),
    };

    private static Value ToInteger(Value value, Value defaultValue, int numberBase)
    {
        var exact = value is StringValue text ? PythonNumbers.ParseInteger(text.Text, numberBase) : PythonNumbers.AsInteger(value);
        if (exact is null && Float(value) is { } number && !double.IsNaN(number))
        {
            exact = double.IsFinite(number) ? new BigInteger(number) : throw new ChatTemplateException("infinity cannot be an integer");
        }

        return exact is { } integer ? new IntValue(integer, value.FromInput) : defaultValue;
    }

    private static Value Round(Value value, int precision, Value? method)
    {
        var name = method is null ? "common" : PythonRepr.Str(method).Text;
        if (name is "ceil" or "floor")
        {
            var scale = Math.Pow(10, precision);
            var number = PythonNumbers.AsFloat(value) ?? throw new ChatTemplateException($"a value of type '{value.TypeName}' cannot be rounded");
            var scaled = number * scale;
            return new FloatValue((name == "ceil" ? Math.Ceiling(scaled) : Math.Floor(scaled)) / scale, value.FromInput);
        }

        if (name != "common")
        {
            throw new ChatTemplateException("the filter 'round' knows the methods common, ceil and floor");
        }

        if (PythonNumbers.AsInteger(value) is not { } integer)
        {
            return value is FloatValue f
                ? new FloatValue(PythonFloat.Round(f.Number, precision), value.FromInput)
                : throw new ChatTemplateException($"a value of type '{value.TypeName}' cannot be rounded");
        }

        if (precision >= 0)
        {
            return new IntValue(integer, value.FromInput);
        }

        var unit = BigInteger.Pow(10, Math.Min(-precision, PythonNumbers.MaxDigits));
        var quotient = PythonNumbers.FloorDivide(integer, unit);
        var twice = (integer - (quotient * unit)) * 2;
        quotient += twice > unit || (twice == unit && !quotient.IsEven) ? 1 : 0;
        return new IntValue(quotient * unit, value.FromInput);
    }
}
