namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>The table of filters, after Jinja2's documentation ("List of Builtin Filters").</summary>
internal static partial class Filters
{
    private static readonly Dictionary<string, Func<Interpreter, Value, CallArguments, Value>> Table = BuildTable();

    public static bool Exists(string name) => Table.ContainsKey(name);

    public static Value Invoke(Interpreter interpreter, string name, Value target, CallArguments arguments) =>
        Table.TryGetValue(name, out var filter)
            ? filter(interpreter, target, arguments)
            : throw new ChatTemplateException($"no filter named '{name}' is supported");

    private static Dictionary<string, Func<Interpreter, Value, CallArguments, Value>> BuildTable()
    {
        var table = new Dictionary<string, Func<Interpreter, Value, CallArguments, Value>>(StringComparer.Ordinal);
        AddText(table);
        AddNumbers(table);
        AddCollections(table);
        AddSelections(table);
        return table;
    }

    /// <summary>Adds a filter under one or more names, with parameters in the notation of <see cref="Signature"/>.</summary>
    private static void Add(
        this Dictionary<string, Func<Interpreter, Value, CallArguments, Value>> table,
        string names,
        string parameters,
        Func<Interpreter, Value, Value?[], Value> body)
    {
        foreach (var name in names.Split(' '))
        {
            var signature = new Signature($"the filter '{name}'", parameters);
            table.Add(name, (interpreter, target, arguments) => body(interpreter, target, signature.Bind(arguments)));
        }
    }

    private static bool Flag(Value? value) => value?.IsTrue ?? false;

    /// <summary>A function that reads <c>a.b.0</c> from a value, as filters with an attribute parameter do.</summary>
    private static Func<Value, Value> Getter(Value? attribute, bool ignoreCase = false, Value? defaultValue = null)
    {
        Value[] parts = attribute switch
        {
            null or NoneValue => [],
            StringValue path => [.. path.Text.Split('.').Select(part => part.Length > 0 && part.All(char.IsAsciiDigit)
                ? (Value)new IntValue(PythonNumbers.ParseDigits(part, 10) ?? 0)
                : StringValue.FromTemplate(part))],
            _ => [attribute],
        };
        return item =>
        {
            foreach (var part in parts)
            {
                item = Lookups.GetItem(item, part);
                item = item is UndefinedValue && defaultValue is not (null or NoneValue) ? defaultValue : item;
            }

            return ignoreCase ? IgnoreCase(item) : item;
        };
    }

    private static Value IgnoreCase(Value value) => value is StringValue text ? text.With(text.Rope.Map(PythonText.Lower)) : value;

    private static List<Value> Sorted(IEnumerable<Value> items, Func<Value, Value> key, bool reverse)
    {
        var comparer = Comparer<Value>.Create((x, y) => Operators.Order(x, y) is var order && order == 2 ? 0 : order);
        try
        {
            var keyed = items.Select(item => (Key: key(item), Item: item)).ToList();
            var sorted = reverse ? keyed.OrderByDescending(pair => pair.Key, comparer) : keyed.OrderBy(pair => pair.Key, comparer);
            return [.. sorted.Select(pair => pair.Item)];
        }
        catch (InvalidOperationException e) when (e.InnerException is ChatTemplateException inner)
        {
            throw inner;
        }
    }
}
