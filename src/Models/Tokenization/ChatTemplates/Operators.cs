using System.Numerics;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Python's operators.</summary>
internal static class Operators
{
    public static Value Binary(string op, Value left, Value right)
    {
        ThrowIfUndefined(left, op == "%" && left is StringValue ? left : right);
        var fromInput = left.FromInput || right.FromInput;
        if (op == "%" && left is StringValue format)
        {
            return PercentFormat.Apply(format, right);
        }

        if (PythonNumbers.AsInteger(left) is { } a && PythonNumbers.AsInteger(right) is { } b)
        {
            return Integers(op, a, b, fromInput);
        }

        if (PythonNumbers.AsFloat(left) is { } x && PythonNumbers.AsFloat(right) is { } y)
        {
            return new FloatValue(Floats(op, x, y), fromInput);
        }

        switch (op, left, right)
        {
            case ("+", StringValue s, StringValue t):
                return Markup.Add(s, t);
            case ("+", SequenceValue s, SequenceValue t) when left is not RangeValue && left.GetType() == right.GetType():
                return s.With(Checked<IReadOnlyList<Value>>((long)s.List.Count + t.List.Count, [.. s.List, .. t.List]));
            case ("*", StringValue or ListValue or TupleValue, IntValue or BoolValue):
                return Repeat(left, PythonNumbers.ToInt(right));
            case ("*", IntValue or BoolValue, StringValue or ListValue or TupleValue):
                return Repeat(right, PythonNumbers.ToInt(left));
            default:
                throw new ChatTemplateException($"unsupported operand types for {op}: '{left.TypeName}' and '{right.TypeName}'");
        }
    }

    public static Value Unary(char op, Value operand)
    {
        ThrowIfUndefined(operand, operand);
        return operand switch
        {
            FloatValue f => op == '-' ? new FloatValue(-f.Number, f.FromInput) : f,
            _ when PythonNumbers.AsInteger(operand) is { } i => new IntValue(op == '-' ? -i : i, operand.FromInput),
            _ => throw new ChatTemplateException($"unsupported operand type for unary {op}: '{operand.TypeName}'"),
        };
    }

    public static bool Compare(string op, Value left, Value right) => op switch
    {
        "==" => ValueEquality.AreEqual(left, right),
        "!=" => !ValueEquality.AreEqual(left, right),
        "<" => Order(left, right, op) is -1,
        "<=" => Order(left, right, op) is -1 or 0,
        ">" => Order(left, right, op) is 1,
        ">=" => Order(left, right, op) is 0 or 1,
        "in" => Contains(right, left),
        _ => !Contains(right, left),
    };

    /// <summary>-1, 0 or 1; 2 for numbers that have no order (NaN). Types that have none are an error, as in Python 3.</summary>
    public static int Order(Value left, Value right, string op = "<")
    {
        ThrowIfUndefined(left, right);
        switch (left, right)
        {
            case (FloatValue or IntValue or BoolValue, FloatValue or IntValue or BoolValue):
                var order = PythonNumbers.Compare(left, right);
                return order == 2 ? 2 : Math.Sign(order);
            case (StringValue a, StringValue b):
                return CompareCodePoints(a.Text, b.Text);
            case (ListValue a, ListValue b):
                return OrderItems(a.List, b.List, op);
            case (TupleValue a, TupleValue b):
                return OrderItems(a.List, b.List, op);
            default:
                throw new ChatTemplateException($"'{op}' is not supported between values of type '{left.TypeName}' and '{right.TypeName}'");
        }
    }

    public static bool Contains(Value container, Value item)
    {
        switch (container)
        {
            case StringValue text:
                return item is StringValue part
                    ? text.Text.Contains(part.Text, StringComparison.Ordinal)
                    : throw new ChatTemplateException($"'in' on a string needs a string on its left, not '{item.TypeName}'");
            case DictValue dictionary:
                return dictionary.Find(item) is not null;
            default:
                return container.RequireItems().Contains(item, ValueEquality.Instance);
        }
    }

    private static Value Integers(string op, BigInteger a, BigInteger b, bool fromInput)
    {
        switch (op)
        {
            case "+": return PythonNumbers.Checked(a + b, fromInput);
            case "-": return PythonNumbers.Checked(a - b, fromInput);
            case "*": return PythonNumbers.Checked(a * b, fromInput);
            case "**" when b.Sign >= 0:
                return BigInteger.Abs(a) <= 1 || b.IsZero
                    ? new IntValue(b.IsZero ? 1 : a.Sign < 0 && b.IsEven ? -a : a, fromInput)
                    : b * (a.GetBitLength() - 1) <= 2L * PythonNumbers.MaxDigits * 4
                        ? PythonNumbers.Checked(BigInteger.Pow(a, (int)b), fromInput)
                        : throw new ChatTemplateException($"an integer grows past {PythonNumbers.MaxDigits} digits");
        }

        if (b.IsZero && op != "**")
        {
            throw new ChatTemplateException("division by zero");
        }

        return op switch
        {
            "//" => new IntValue(PythonNumbers.FloorDivide(a, b), fromInput),
            "%" => new IntValue(a - (b * PythonNumbers.FloorDivide(a, b)), fromInput),
            _ => new FloatValue(Floats(op, PythonNumbers.ToDouble(a), PythonNumbers.ToDouble(b)), fromInput),
        };
    }

    private static double Floats(string op, double x, double y)
    {
        if (y == 0 && op is "/" or "//" or "%")
        {
            throw new ChatTemplateException("division by zero");
        }

        if (op == "**" && ((x == 0 && y < 0) || (x < 0 && double.IsFinite(y) && !double.IsInteger(y))))
        {
            throw new ChatTemplateException("a power has no real value");
        }

        return op switch
        {
            "+" => x + y,
            "-" => x - y,
            "*" => x * y,
            "/" => x / y,
            "//" => Math.Floor((x - PythonNumbers.FloorModulo(x, y)) / y),
            "%" => PythonNumbers.FloorModulo(x, y),
            _ => Math.Pow(x, y) is var power && double.IsInfinity(power) && double.IsFinite(x) && double.IsFinite(y)
                ? throw new ChatTemplateException("a power is too large for a float")
                : power,
        };
    }

    private static Value Repeat(Value value, int count)
    {
        count = Math.Max(count, 0);
        if (value is StringValue text)
        {
            Checked((long)text.Text.Length * count, text);
            var builder = new OriginTextBuilder();
            for (var i = 0; i < count && text.Text.Length > 0; i++)
            {
                builder.Append(text.Rope);
            }

            return text.With(builder.ToText());
        }

        var items = ((SequenceValue)value).List;
        Checked((long)items.Count * count, items);
        return ((SequenceValue)value).With([.. Enumerable.Repeat(items, items.Count == 0 ? 0 : count).SelectMany(list => list)]);
    }

    private static T Checked<T>(long size, T value) => size <= SequenceValue.MaxItems
        ? value
        : throw new ChatTemplateException($"a value grows past {SequenceValue.MaxItems} items");

    private static int OrderItems(IReadOnlyList<Value> a, IReadOnlyList<Value> b, string op)
    {
        for (var i = 0; i < Math.Min(a.Count, b.Count); i++)
        {
            if (!ValueEquality.AreEqual(a[i], b[i]))
            {
                return Order(a[i], b[i], op);
            }
        }

        return a.Count.CompareTo(b.Count);
    }

    private static int CompareCodePoints(string a, string b)
    {
        var length = Math.Min(a.Length, b.Length);
        for (var i = 0; i < length; i++)
        {
            if (a[i] != b[i])
            {
                // Surrogates stand for code points above every other UTF-16 code unit.
                var (x, y) = (char.IsSurrogate(a[i]) ? a[i] + 0x10000 : a[i], char.IsSurrogate(b[i]) ? b[i] + 0x10000 : b[i]);
                return x < y ? -1 : 1;
            }
        }

        return a.Length.CompareTo(b.Length);
    }

    private static void ThrowIfUndefined(Value left, Value right)
    {
        if (left is UndefinedValue || right is UndefinedValue)
        {
            throw ((left as UndefinedValue) ?? (UndefinedValue)right).Error();
        }
    }
}
