namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Filters over sequences and mappings.</summary>
internal static partial class Filters
{
    private static void AddCollections(Dictionary<string, Func<Interpreter, Value, CallArguments, Value>> table)
    {
        table.Add("length count", "", (_, v, _) => new IntValue(v.RequireLength()));
        table.Add("list", "", (_, v, _) => new ListValue([.. v.RequireItems()]));
        table.Add("first", "", (_, v, _) => v.RequireItems().FirstOrDefault() ?? new UndefinedValue("no first item, the sequence was empty"));
        table.Add("last", "", (_, v, _) => v is GeneratorValue
            ? throw new ChatTemplateException("a generator has no last item: use '| list' before '| last'")
            : v.RequireItems().LastOrDefault() ?? new UndefinedValue("no last item, the sequence was empty"));
        table.Add("reverse", "", (_, v, _) => Reverse(v));
        table.Add("items", "", (_, v, _) => v switch
        {
            UndefinedValue => new GeneratorValue([]),
            DictValue dictionary => new GeneratorValue(new DictViewValue(dictionary, DictViewKind.Items).Items),
            _ => new GeneratorValue(Fail("the filter 'items' needs a mapping")),
        });
        table.Add("default d", "default_value? boolean?", (_, v, a) =>
            v is UndefinedValue || (Flag(a[1]) && !v.IsTrue) ? a[0] ?? StringValue.Empty : v);
        table.Add("dictsort", "case_sensitive? by? reverse?", (_, v, a) => DictSort(v, a));
        table.Add("sort", "reverse? case_sensitive? attribute?", (_, v, a) => new ListValue(Sorted(v.RequireItems(), MultiGetter(a[2], !Flag(a[1])), Flag(a[0]))));
        table.Add("unique", "case_sensitive? attribute?", (_, v, a) => new GeneratorValue(Unique(v, Getter(a[1], !Flag(a[0])))));
        table.Add("min", "case_sensitive? attribute?", (_, v, a) => Extreme(v, Getter(a[1], !Flag(a[0])), "<"));
        table.Add("max", "case_sensitive? attribute?", (_, v, a) => Extreme(v, Getter(a[1], !Flag(a[0])), ">"));
        table.Add("batch", "linecount fill_with?", (_, v, a) => new GeneratorValue(Batch(v, PythonNumbers.ToInt(a[0]!), a[1])));
        table.Add("slice", "slices fill_with?", (_, v, a) => new GeneratorValue(Slices(v, PythonNumbers.ToInt(a[0]!), a[1])));
        table.Add("groupby", "attribute default? case_sensitive?", (_, v, a) => GroupBy(v, a[0]!, a[1], Flag(a[2])));
        table.Add("attr", "name", (_, v, a) => Attribute(v, StringMethods.String(a[0]!).Text));
    }

    private static Value Attribute(Value target, string name) => Lookups.GetAttribute(target, name) switch
    {
        // The filter reads attributes only, never items.
        var found when target is not DictValue dictionary || dictionary.Find(name) != found => found,
        _ => UndefinedValue.Attribute(target, name),
    };

    private static Value Reverse(Value value)
    {
        switch (value)
        {
            case StringValue text:
                return Lookups.Slice(text, null, null, new IntValue(-1));
            case GeneratorValue generator:
                var rest = generator.Items.ToList();
                rest.Reverse();
                return new ListValue(rest);
            case UndefinedValue:
                return new ListValue([]);
            default:
                return new GeneratorValue(value.RequireItems().Reverse(), "reversed");
        }
    }

    private static IEnumerable<Value> Fail(string message)
    {
        if (message.Length > 0)
        {
            throw new ChatTemplateException(message);
        }

        yield break;
    }

    private static ListValue DictSort(Value value, Value?[] arguments)
    {
        var by = arguments[1] is null ? "key" : PythonRepr.Str(arguments[1]!).Text;
        if (by is not ("key" or "value"))
        {
            throw new ChatTemplateException("the filter 'dictsort' sorts by 'key' or 'value'");
        }

        var pairs = value is DictValue dictionary
            ? new DictViewValue(dictionary, DictViewKind.Items).Items
            : throw (value is UndefinedValue undefined ? undefined.Error() : new ChatTemplateException("the filter 'dictsort' needs a mapping"));
        Value Key(Value pair) => ((TupleValue)pair).List[by == "key" ? 0 : 1] is var part && Flag(arguments[0]) ? part : IgnoreCase(part);
        return new(Sorted(pairs, Key, Flag(arguments[2])));
    }

    /// <summary>The key of <c>sort</c>: a list with one entry per attribute, so that equal entries are never ordered.</summary>
    private static Func<Value, Value> MultiGetter(Value? attribute, bool ignoreCase)
    {
        var getters = attribute is StringValue path
            ? path.Text.Split(',').Select(part => Getter(StringValue.FromTemplate(part), ignoreCase)).ToList()
            : [Getter(attribute, ignoreCase)];
        return item => new ListValue([.. getters.Select(getter => getter(item))]);
    }

    private static IEnumerable<Value> Unique(Value value, Func<Value, Value> key)
    {
        var seen = new HashSet<Value>(ValueEquality.Instance);
        foreach (var item in value.RequireItems())
        {
            if (seen.Add(key(item)))
            {
                yield return item;
            }
        }
    }

    private static Value Extreme(Value value, Func<Value, Value> key, string op)
    {
        Value? best = null;
        Value? bestKey = null;
        foreach (var item in value.RequireItems())
        {
            var itemKey = key(item);
            if (bestKey is null || Operators.Compare(op, itemKey, bestKey))
            {
                (best, bestKey) = (item, itemKey);
            }
        }

        return best ?? new UndefinedValue("no aggregated item, the sequence was empty");
    }

    private static IEnumerable<Value> Batch(Value value, int size, Value? fill)
    {
        var batch = new List<Value>();
        foreach (var item in value.RequireItems())
        {
            if (batch.Count == size)
            {
                yield return new ListValue(batch);
                batch = [];
            }

            batch.Add(item);
        }

        if (batch.Count > 0)
        {
            yield return new ListValue(Fill(batch, size, fill));
        }
    }

    private static List<Value> Fill(List<Value> items, int size, Value? fill)
    {
        if (fill is not (null or NoneValue) && items.Count < size)
        {
            items.AddRange(Enumerable.Repeat(fill, size <= RangeValue.MaxLength
                ? size - items.Count
                : throw new ChatTemplateException($"a list longer than {RangeValue.MaxLength} cannot be filled up")));
        }

        return items;
    }

    private static IEnumerable<Value> Slices(Value value, int count, Value? fill)
    {
        var items = value.RequireItems().ToList();
        if (count is <= 0 or > RangeValue.MaxLength)
        {
            throw new ChatTemplateException("the filter 'slice' needs a positive number of slices");
        }

        var start = 0;
        for (var i = 0; i < count; i++)
        {
            var size = (items.Count / count) + (i < items.Count % count ? 1 : 0);
            var slice = items.GetRange(start, size);
            start += size;
            yield return new ListValue(i >= items.Count % count ? Fill(slice, size + 1, fill) : slice);
        }
    }

    private static ListValue GroupBy(Value value, Value attribute, Value? defaultValue, bool caseSensitive)
    {
        var key = Getter(attribute, !caseSensitive, defaultValue);
        var shown = Getter(attribute, ignoreCase: false, defaultValue);
        var groups = new List<Value>();
        List<Value>? current = null;
        Value? currentKey = null;
        foreach (var item in Sorted(value.RequireItems(), key, reverse: false))
        {
            var itemKey = key(item);
            if (current is null || !ValueEquality.AreEqual(itemKey, currentKey!))
            {
                current = [];
                currentKey = itemKey;
                groups.Add(new TupleValue([shown(item), new ListValue(current)], ["grouper", "list"]));
            }

            current.Add(item);
        }

        return new(groups);
    }
}
