using System.Numerics;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>The table of tests, after Jinja2's documentation ("List of Builtin Tests").</summary>
internal static class Tests
{
    private static readonly Dictionary<string, Func<Value, bool>> Plain = new(StringComparer.Ordinal)
    {
        ["defined"] = v => v is not UndefinedValue,
        ["undefined"] = v => v is UndefinedValue,
        ["none"] = v => v is NoneValue,
        ["boolean"] = v => v is BoolValue,
        ["true"] = v => v is BoolValue { IsTrue: true },
        ["false"] = v => v is BoolValue { IsTrue: false },
        ["integer"] = v => v is IntValue,
        ["float"] = v => v is FloatValue,
        ["number"] = v => v is IntValue or FloatValue or BoolValue,
        ["string"] = v => v is StringValue,
        ["mapping"] = v => v is DictValue,
        ["sequence"] = v => v is StringValue or SequenceValue or DictValue or UndefinedValue,
        ["iterable"] = v => v is not NoneValue && v.Items is not null,
        ["callable"] = v => v is CallableValue,
        ["escaped"] = v => v is StringValue { IsMarkup: true },
        ["odd"] = v => Remainder(v, new IntValue(2)).IsOne,
        ["even"] = v => Remainder(v, new IntValue(2)).IsZero,
        ["lower"] = v => StringMethods.HasCase(PythonRepr.Str(v).Text, PythonText.IsLower),
        ["upper"] = v => StringMethods.HasCase(PythonRepr.Str(v).Text, PythonText.IsUpper),
        ["filter"] = v => v is StringValue name && Filters.Exists(name.Text),
        ["test"] = v => v is StringValue name && Exists(name.Text),
    };

    private static readonly Dictionary<string, Func<Value, Value, bool>> WithOperand = new(StringComparer.Ordinal)
    {
        ["divisibleby"] = (v, other) => Remainder(v, other).IsZero,
        ["sameas"] = AreSame,
        ["in"] = (v, other) => Operators.Contains(other, v),
        ["=="] = (v, other) => Operators.Compare("==", v, other),
        ["eq"] = (v, other) => Operators.Compare("==", v, other),
        ["equalto"] = (v, other) => Operators.Compare("==", v, other),
        ["!="] = (v, other) => Operators.Compare("!=", v, other),
        ["ne"] = (v, other) => Operators.Compare("!=", v, other),
        [">"] = (v, other) => Operators.Compare(">", v, other),
        ["gt"] = (v, other) => Operators.Compare(">", v, other),
        ["greaterthan"] = (v, other) => Operators.Compare(">", v, other),
        [">="] = (v, other) => Operators.Compare(">=", v, other),
        ["ge"] = (v, other) => Operators.Compare(">=", v, other),
        ["<"] = (v, other) => Operators.Compare("<", v, other),
        ["lt"] = (v, other) => Operators.Compare("<", v, other),
        ["lessthan"] = (v, other) => Operators.Compare("<", v, other),
        ["<="] = (v, other) => Operators.Compare("<=", v, other),
        ["le"] = (v, other) => Operators.Compare("<=", v, other),
    };

    public static bool Invoke(Interpreter interpreter, string name, Value value, CallArguments arguments)
    {
        interpreter.Charge(1);
        if (Plain.TryGetValue(name, out var plain))
        {
            new Signature($"the test '{name}'", "").Bind(arguments);
            return plain(value);
        }

        return WithOperand.TryGetValue(name, out var binary)
            ? binary(value, new Signature($"the test '{name}'", "other").Bind(arguments)[0]!)
            : throw new ChatTemplateException($"no test named '{name}' is supported");
    }

    private static bool Exists(string name) => Plain.ContainsKey(name) || WithOperand.ContainsKey(name);

    private static BigInteger Remainder(Value value, Value divisor) => Operators.Binary("%", value, divisor) switch
    {
        FloatValue f => double.IsInteger(f.Number) ? new BigInteger(f.Number) : BigInteger.MinusOne,
        var rest => PythonNumbers.AsInteger(rest) ?? BigInteger.MinusOne,
    };

    /// <summary>Python's <c>is</c>: singletons and small integers by value, everything else by identity.</summary>
    private static bool AreSame(Value value, Value other) => (value, other) switch
    {
        (BoolValue a, BoolValue b) => a.IsTrue == b.IsTrue,
        (IntValue a, IntValue b) => a.Number == b.Number,
        (StringValue a, StringValue b) => string.Equals(a.Text, b.Text, StringComparison.Ordinal),
        (NoneValue, NoneValue) => true,
        _ => ReferenceEquals(value, other),
    };
}
