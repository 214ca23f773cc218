namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>
/// Methods of dictionaries, lists and tuples. The ones the immutable sandbox forbids are undefined values that name the
/// reason when they are called.
/// </summary>
internal static class CollectionMethods
{
    public static Value? Find(DictValue target, string name) => name switch
    {
        "get" => new FunctionValue(name, "/key default?", (_, a) => target.Find(a[0]!) ?? a[1] ?? NoneValue.Instance),
        "items" => new FunctionValue(name, "", (_, _) => new DictViewValue(target, DictViewKind.Items)),
        "keys" => new FunctionValue(name, "", (_, _) => new DictViewValue(target, DictViewKind.Keys)),
        "values" => new FunctionValue(name, "", (_, _) => new DictViewValue(target, DictViewKind.Values)),
        "copy" => new FunctionValue(name, "", (_, _) => target),
        "clear" or "pop" or "popitem" or "setdefault" or "update" => Forbidden(target, name),
        _ => null,
    };

    public static Value? Find(SequenceValue target, string name)
    {
        switch (name)
        {
            case "count":
                return new FunctionValue(name, "/value", (_, a) => new IntValue(target.List.Count(item => ValueEquality.AreEqual(item, a[0]!))));
            case "index":
                return new FunctionValue(name, "/value start? stop?", (_, a) => Index(target.List, a));
            case "start" or "stop" or "step" when target is RangeValue range:
                return new IntValue(name == "start" ? range.Start : name == "stop" ? range.Stop : range.Step);
        }

        if (target is TupleValue tuple)
        {
            var named = 0;
            while (named < tuple.Names.Count && tuple.Names[named] != name)
            {
                named++;
            }

            return named < tuple.Names.Count ? tuple.List[named] : null;
        }

        return target is not ListValue list ? null : name switch
        {
            "copy" => new FunctionValue(name, "", (_, _) => list.With(list.List)),
            "pop" => new FunctionValue(name, "/index?", (_, a) => list.Pop(a[0] is null ? -1 : PythonNumbers.ToInt(a[0]!))),
            "clear" => new FunctionValue(name, "", (_, _) =>
            {
                list.Clear();
                return NoneValue.Instance;
            }),
            "append" or "reverse" or "insert" or "sort" or "extend" or "remove" => Forbidden(list, name),
            _ => null,
        };
    }

    private static IntValue Index(IReadOnlyList<Value> list, Value?[] arguments)
    {
        int Bound(Value? bound, int missing) => bound is null
            ? missing
            : PythonNumbers.ToInt(bound) is var i && i < 0 ? Math.Max(i + list.Count, 0) : Math.Min(i, list.Count);
        for (var i = Bound(arguments[1], 0); i < Bound(arguments[2], list.Count); i++)
        {
            if (ValueEquality.AreEqual(list[i], arguments[0]!))
            {
                return new IntValue(i);
            }
        }

        throw new ChatTemplateException("index(): the value is not in the list");
    }

    private static UndefinedValue Forbidden(Value target, string name) =>
        new($"'{name}' would change a '{target.TypeName}', which templates may not do: build a new one with '+' instead");
}
