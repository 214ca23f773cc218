namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>A dictionary that keeps the order of insertion.</summary>
internal sealed class DictValue(bool fromInput = false) : Value
{
    private readonly List<KeyValuePair<Value, Value>> _pairs = [];
    private readonly Dictionary<Value, int> _index = new(ValueEquality.Instance);

    public IReadOnlyList<KeyValuePair<Value, Value>> Pairs => _pairs;

    public override string TypeName => "dict";

    public override bool IsTrue => _pairs.Count > 0;

    public override bool FromInput => fromInput;

    public override int? Length => _pairs.Count;

    public override IEnumerable<Value> Items => _pairs.Select(pair => pair.Key);

    /// <summary>The value of a key, or null; a key that cannot be hashed is an error.</summary>
    public Value? Find(Value key)
    {
        ValueEquality.Instance.GetHashCode(key); // an empty dictionary would not ask for it
        return _index.TryGetValue(key, out var i) ? _pairs[i].Value : null;
    }

    public Value? Find(string key) => Find(StringValue.FromTemplate(key));

    public void Set(Value key, Value value)
    {
        if (_index.TryGetValue(key, out var i))
        {
            _pairs[i] = new(_pairs[i].Key, value);
        }
        else
        {
            _index.Add(key, _pairs.Count);
            _pairs.Add(new(key, value));
        }
    }
}

internal enum DictViewKind
{
    Keys,
    Values,
    Items,
}

/// <summary>What <c>keys()</c>, <c>values()</c> and <c>items()</c> return.</summary>
internal sealed class DictViewValue(DictValue dictionary, DictViewKind kind) : Value
{
    public DictViewKind Kind => kind;

    public override string TypeName => kind switch
    {
        DictViewKind.Keys => "dict_keys",
        DictViewKind.Values => "dict_values",
        _ => "dict_items",
    };

    public override bool IsTrue => dictionary.IsTrue;

    public override int? Length => dictionary.Length;

    public override IEnumerable<Value> Items => dictionary.Pairs.Select(pair => kind switch
    {
        DictViewKind.Keys => pair.Key,
        DictViewKind.Values => pair.Value,
        _ => new TupleValue([pair.Key, pair.Value]),
    });
}

/// <summary>The one object whose attributes a template may assign.</summary>
internal sealed class NamespaceValue : Value
{
    public DictValue Attributes { get; } = new();

    public override string TypeName => "Namespace";
}
