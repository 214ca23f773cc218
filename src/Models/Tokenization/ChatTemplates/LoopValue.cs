namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>The variable <c>loop</c>. Walks its items lazily and looks ahead only when asked, as Jinja does.</summary>
internal sealed class LoopValue : CallableValue
{
    private readonly int? _knownLength;
    private readonly int _depth0;
    private readonly Func<Value, int, Value>? _recurse;
    private IEnumerator<Value> _items;
    private Value? _before;
    private Value? _current;
    private Value? _after;
    private int? _length;
    private int _index0 = -1;
    private IReadOnlyList<Value>? _lastChanged;

    /// <summary>A loop over items; <paramref name="recurse"/> renders the loop's body again for other items one level deeper.</summary>
    public LoopValue(IEnumerable<Value> items, int? length, int depth0, Func<Value, int, Value>? recurse)
    {
        _items = items.GetEnumerator();
        (_knownLength, _depth0, _recurse) = (length, depth0, recurse);
    }

    public override string TypeName => "LoopContext";

    public override int? Length => CountItems();

    /// <summary>Advances to the next item, or returns null at the end.</summary>
    public Value? Next()
    {
        var next = _after ?? (_items.MoveNext() ? _items.Current : null);
        _after = null;
        if (next is not null)
        {
            _index0++;
            (_before, _current) = (_current, next);
        }

        return next;
    }

    public Value? FindAttribute(string name) => name switch
    {
        "index" => new IntValue(_index0 + 1),
        "index0" => new IntValue(_index0),
        "revindex" => new IntValue(CountItems() - _index0),
        "revindex0" => new IntValue(CountItems() - _index0 - 1),
        "first" => BoolValue.Of(_index0 == 0),
        "last" => BoolValue.Of(Peek() is null),
        "length" => new IntValue(CountItems()),
        "depth" => new IntValue(_depth0 + 1),
        "depth0" => new IntValue(_depth0),
        "previtem" => _index0 > 0 ? _before : new UndefinedValue("there is no previous item"),
        "nextitem" => Peek() ?? new UndefinedValue("there is no next item"),
        "cycle" => new FunctionValue(name, (_, arguments) => arguments.Positional.Count > 0
            ? arguments.Positional[_index0 % arguments.Positional.Count]
            : throw new ChatTemplateException("loop.cycle() needs items")),
        "changed" => new FunctionValue(name, (_, arguments) => Changed(arguments.Positional)),
        _ => null,
    };

    public override Value Call(Interpreter interpreter, CallArguments arguments)
    {
        var items = new Signature("loop()", "iterable").Bind(arguments)[0]!;
        return _recurse is not null
            ? _recurse(items, _depth0 + 1)
            : throw new ChatTemplateException("only a loop marked 'recursive' can be called");
    }

    private Value? Peek() => _after ??= _items.MoveNext() ? _items.Current : null;

    private int CountItems()
    {
        if (_length is null && _knownLength is null)
        {
            var rest = new List<Value>();
            while (_items.MoveNext())
            {
                rest.Add(_items.Current);
            }

            _items = rest.GetEnumerator();
            _length = rest.Count + _index0 + 1 + (_after is null ? 0 : 1);
        }

        return _length ?? _knownLength!.Value;
    }

    private BoolValue Changed(IReadOnlyList<Value> values)
    {
        if (_lastChanged is not null && _lastChanged.SequenceEqual(values, ValueEquality.Instance))
        {
            return BoolValue.False;
        }

        _lastChanged = values;
        return BoolValue.True;
    }
}
