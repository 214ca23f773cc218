using System.Numerics;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Lists, tuples and ranges.</summary>
internal abstract class SequenceValue : Value
{
    public const int MaxItems = 4 * 1024 * 1024;

    public abstract IReadOnlyList<Value> List { get; }

    public override bool IsTrue => List.Count > 0;

    public override int? Length => List.Count;

    public override IEnumerable<Value> Items => List;

    /// <summary>A value of the same kind with other items.</summary>
    public abstract Value With(IReadOnlyList<Value> items);
}

internal sealed class ListValue(List<Value> items, bool fromInput = false) : SequenceValue
{
    public override string TypeName => "list";

    public override IReadOnlyList<Value> List => items;

    public override bool FromInput => fromInput;

    /// <summary>By index, so that a loop sees what <c>pop</c> does to the list it walks, as in Python.</summary>
    public override IEnumerable<Value> Items
    {
        get
        {
            for (var i = 0; i < items.Count; i++)
            {
                yield return items[i];
            }
        }
    }

    public override Value With(IReadOnlyList<Value> items) => new ListValue([.. items]);

    public Value Pop(int index)
    {
        var at = index < 0 ? index + items.Count : index;
        if (at < 0 || at >= items.Count)
        {
            throw new ChatTemplateException(items.Count == 0 ? "pop from an empty list" : "pop index out of range");
        }

        var item = items[at];
        items.RemoveAt(at);
        return item;
    }

    public void Clear() => items.Clear();
}

/// <summary>A tuple; <paramref name="names"/> gives its items attribute names, as for the groups of <c>groupby</c>.</summary>
internal sealed class TupleValue(IReadOnlyList<Value> items, IReadOnlyList<string>? names = null) : SequenceValue
{
    public IReadOnlyList<string> Names => names ?? [];

    public override string TypeName => "tuple";

    public override IReadOnlyList<Value> List => items;

    public override Value With(IReadOnlyList<Value> items) => new TupleValue(items);
}

internal sealed class RangeValue : SequenceValue
{
    public const int MaxLength = 100_000;

    private readonly Value[] _items;

    public RangeValue(BigInteger start, BigInteger stop, BigInteger step)
    {
        if (step.IsZero)
        {
            throw new ChatTemplateException("the step of range() must not be zero");
        }

        (Start, Stop, Step) = (start, stop, step);
        var span = step.Sign > 0 ? stop - start : start - stop;
        var count = span.Sign <= 0 ? BigInteger.Zero : ((span - 1) / BigInteger.Abs(step)) + 1;
        if (count > MaxLength)
        {
            throw new ChatTemplateException($"a range longer than {MaxLength} is not allowed");
        }

        _items = new Value[(int)count];
        for (var i = 0; i < _items.Length; i++)
        {
            _items[i] = new IntValue(start + (i * step));
        }
    }

    public BigInteger Start { get; }

    public BigInteger Stop { get; }

    public BigInteger Step { get; }

    public override string TypeName => "range";

    public override IReadOnlyList<Value> List => _items;

    public override Value With(IReadOnlyList<Value> items) => new ListValue([.. items]);
}

/// <summary>What lazy filters return: can be walked once, has no length and no items by index.</summary>
internal sealed class GeneratorValue(IEnumerable<Value> items, string typeName = "generator") : Value
{
    private readonly IEnumerator<Value> _items = items.GetEnumerator();

    public override string TypeName => typeName;

    public override IEnumerable<Value> Items
    {
        get
        {
            while (_items.MoveNext())
            {
                yield return _items.Current;
            }
        }
    }
}
