using System.Numerics;
using System.Runtime.CompilerServices;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Python's <c>==</c> and <c>hash</c>: numbers and booleans compare by value whatever their type.</summary>
internal sealed class ValueEquality : IEqualityComparer<Value>
{
    public static readonly ValueEquality Instance = new();

    public static bool AreEqual(Value x, Value y)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new ChatTemplateException("the values are nested too deeply to compare");
        }

        switch (x, y)
        {
            case (StringValue a, StringValue b):
                return string.Equals(a.Text, b.Text, StringComparison.Ordinal);
            case (FloatValue or IntValue or BoolValue, FloatValue or IntValue or BoolValue):
                return PythonNumbers.Compare(x, y) == 0;
            case (ListValue or RangeValue, ListValue or RangeValue) when x.GetType() == y.GetType():
            case (TupleValue, TupleValue):
                return SameItems(((SequenceValue)x).List, ((SequenceValue)y).List);
            case (DictValue a, DictValue b):
                return a.Pairs.Count == b.Pairs.Count
                    && a.Pairs.All(pair => b.Find(pair.Key) is { } other && AreEqual(pair.Value, other));
            case (UndefinedValue, UndefinedValue) or (NoneValue, NoneValue):
                return true;
            case (DictViewValue { Kind: not DictViewKind.Values } a, DictViewValue { Kind: not DictViewKind.Values } b):
                return a.Length == b.Length && a.Items.All(item => b.Items.Contains(item, Instance));
            default:
                return ReferenceEquals(x, y);
        }
    }

    public bool Equals(Value? x, Value? y) => AreEqual(x!, y!);

    public int GetHashCode(Value value) => value switch
    {
        StringValue s => string.GetHashCode(s.Text, StringComparison.Ordinal),
        BoolValue b => new BigInteger(b.IsTrue ? 1 : 0).GetHashCode(),
        IntValue i => i.Number.GetHashCode(),
        FloatValue f => double.IsInteger(f.Number) ? new BigInteger(f.Number).GetHashCode() : f.Number.GetHashCode(),
        TupleValue t => t.List.Aggregate(17, (hash, item) => HashCode.Combine(hash, GetHashCode(item))),
        UndefinedValue => 1,
        NoneValue => 2,
        ListValue or DictValue => throw new ChatTemplateException($"a value of type '{value.TypeName}' cannot be a key"),
        _ => RuntimeHelpers.GetHashCode(value),
    };

    private static bool SameItems(IReadOnlyList<Value> a, IReadOnlyList<Value> b)
    {
        if (a.Count != b.Count)
        {
            return false;
        }

        for (var i = 0; i < a.Count; i++)
        {
            if (!AreEqual(a[i], b[i]))
            {
                return false;
            }
        }

        return true;
    }
}
