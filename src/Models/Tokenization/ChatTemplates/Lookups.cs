namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>
/// Attributes and items as Jinja's immutable sandbox looks them up: <c>a.b</c> tries the attribute, then the item;
/// <c>a['b']</c> the other way round; a miss is undefined, not an error.
/// </summary>
internal static class Lookups
{
    public static Value GetAttribute(Value target, string name) =>
        FindAttribute(target, name)
        ?? FindItem(target, StringValue.FromTemplate(name))
        ?? UndefinedValue.Attribute(target, name);

    public static Value GetItem(Value target, Value index) =>
        FindItem(target, index)
        ?? (index is StringValue name ? FindAttribute(target, name.Text) : null)
        ?? UndefinedValue.Attribute(target, index is StringValue s ? s.Text : PythonRepr.Repr(index).Text);

    /// <summary><c>a[start:stop:step]</c> with Python's clamping.</summary>
    public static Value Slice(Value target, Value? start, Value? stop, Value? step)
    {
        var stride = step is null or NoneValue ? 1 : PythonNumbers.ToInt(step);
        if (stride == 0)
        {
            throw new ChatTemplateException("the step of a slice must not be zero");
        }

        if (target is UndefinedValue undefined)
        {
            throw undefined.Error();
        }

        if (target is not (StringValue or SequenceValue))
        {
            throw new ChatTemplateException($"a value of type '{target.TypeName}' cannot be sliced");
        }

        var length = target.Length!.Value;
        var (low, high) = stride > 0 ? (0, length) : (-1, length - 1);
        int Bound(Value? bound, int missing)
        {
            if (bound is null or NoneValue)
            {
                return missing;
            }

            var index = PythonNumbers.ToInt(bound);
            return (int)Math.Clamp(index < 0 ? (long)index + length : index, low, high);
        }

        var from = Bound(start, stride > 0 ? 0 : length - 1);
        var to = Bound(stop, stride > 0 ? length : -1);
        if (target is StringValue text && stride == 1)
        {
            return text.With(text.SliceCodePoints(from, Math.Max(from, to)));
        }

        var items = target is SequenceValue sequence ? sequence.List : [.. target.Items!];
        var picked = new List<Value>();
        for (long i = from; stride > 0 ? i < to : i > to; i += stride)
        {
            picked.Add(items[(int)i]);
        }

        if (target is SequenceValue kind)
        {
            return kind.With(picked);
        }

        var builder = new OriginTextBuilder();
        foreach (var character in picked)
        {
            builder.Append(((StringValue)character).Rope);
        }

        return ((StringValue)target).With(builder.ToText());
    }

    private static Value? FindItem(Value target, Value index)
    {
        switch (target)
        {
            case UndefinedValue undefined:
                throw undefined.Error();
            case DictValue dictionary:
                return index is ListValue or DictValue ? null : dictionary.Find(index);
            case StringValue or SequenceValue when PythonNumbers.AsInteger(index) is { } number:
                var length = target.Length!.Value;
                var at = number.Sign < 0 ? number + length : number;
                if (at.Sign < 0 || at >= length)
                {
                    return null;
                }

                return target is StringValue text ? text.With(text.SliceCodePoints((int)at, (int)at + 1)) : ((SequenceValue)target).List[(int)at];
            default:
                return null;
        }
    }

    private static Value? FindAttribute(Value target, string name) => target switch
    {
        UndefinedValue undefined => throw undefined.Error(),
        _ when name.StartsWith('_') => null,
        StringValue text => StringMethods.Find(text, name),
        DictValue dictionary => CollectionMethods.Find(dictionary, name),
        SequenceValue sequence => CollectionMethods.Find(sequence, name),
        NamespaceValue space => space.Attributes.Find(name),
        LoopValue loop => loop.FindAttribute(name),
        CyclerValue cycler => cycler.FindAttribute(name),
        MacroValue macro when name == "name" => StringValue.FromTemplate(macro.Name),
        MacroValue macro when name == "arguments" => new TupleValue([.. macro.Definition.Names.Select(StringValue.FromTemplate)]),
        FloatValue f when name == "is_integer" => new FunctionValue(name, "", (_, _) => BoolValue.Of(double.IsInteger(f.Number))),
        IntValue or BoolValue when name is "real" or "numerator" => target,
        IntValue or BoolValue when name is "imag" => new IntValue(0),
        IntValue or BoolValue when name is "denominator" => new IntValue(1),
        _ => null,
    };
}
