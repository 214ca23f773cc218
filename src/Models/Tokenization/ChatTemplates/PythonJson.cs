using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>
/// Python's <c>json.dumps</c>, which Hugging Face puts in place of Jinja's own <c>tojson</c>. Strings keep their origin;
/// punctuation has the origin of its container.
/// </summary>
internal sealed class PythonJson
{
    private readonly OriginTextBuilder _output = new();
    private readonly bool _ensureAscii;
    private readonly bool _sortKeys;
    private readonly OriginText? _indent;
    private readonly StringValue _itemSeparator;
    private readonly StringValue _keySeparator;

    private PythonJson(bool ensureAscii, OriginText? indent, (StringValue Item, StringValue Key)? separators, bool sortKeys)
    {
        _ensureAscii = ensureAscii;
        _sortKeys = sortKeys;
        _indent = indent;
        _itemSeparator = separators?.Item ?? StringValue.FromTemplate(indent is null ? ", " : ",");
        _keySeparator = separators?.Key ?? StringValue.FromTemplate(": ");
    }

    /// <summary>Serializes a value; null arguments mean Python's defaults (with <c>ensure_ascii=False</c>).</summary>
    public static OriginText Dumps(Value value, Value? ensureAscii, Value? indent, Value? separators, Value? sortKeys)
    {
        OriginText? indentText = indent switch
        {
            null or NoneValue => null,
            StringValue text => text.Rope,
            _ => OriginText.Of(new string(' ', Math.Clamp(PythonNumbers.ToInt(indent), 0, 1024)), fromInput: false),
        };
        (StringValue, StringValue)? pair = separators is null or NoneValue ? null
            : separators.RequireItems().ToList() is [StringValue item, StringValue key] ? (item, key)
            : throw new ChatTemplateException("tojson: separators must be a pair of strings");
        var json = new PythonJson(ensureAscii?.IsTrue ?? false, indentText, pair, sortKeys?.IsTrue ?? false);
        json.Write(value, 0);
        return json._output.ToText();
    }

    private void Write(Value value, int depth)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new ChatTemplateException("tojson: the value is nested too deeply");
        }

        switch (value)
        {
            case StringValue text:
                WriteString(text);
                break;
            case ListValue or TupleValue:
                WriteContainer('[', ']', ((SequenceValue)value).List, value.FromInput, depth, item => Write(item, depth + 1));
                break;
            case DictValue dictionary:
                var pairs = _sortKeys
                    ? [.. dictionary.Pairs.OrderBy(pair => pair.Key, Comparer<Value>.Create((x, y) => Operators.Order(x, y)))]
                    : dictionary.Pairs;
                WriteContainer('{', '}', pairs, value.FromInput, depth, pair =>
                {
                    WriteString(pair.Key as StringValue ?? new(OriginText.Of(Key(pair.Key), pair.Key.FromInput)));
                    _output.Append(_keySeparator.Text, value.FromInput || _keySeparator.FromInput);
                    Write(pair.Value, depth + 1);
                });
                break;
            default:
                _output.Append(Scalar(value), value.FromInput);
                break;
        }
    }

    private static string Key(Value key) => key is NoneValue or BoolValue or IntValue or FloatValue
        ? Scalar(key)
        : throw new ChatTemplateException($"tojson: a key of type '{key.TypeName}' is not allowed");

    private static string Scalar(Value value) => value switch
    {
        NoneValue => "null",
        BoolValue b => b.IsTrue ? "true" : "false",
        IntValue i => i.Number.ToString(CultureInfo.InvariantCulture),
        FloatValue f => double.IsFinite(f.Number) ? PythonFloat.Repr(f.Number)
            : double.IsNaN(f.Number) ? "NaN"
            : f.Number > 0 ? "Infinity" : "-Infinity",
        _ => throw new ChatTemplateException($"tojson: a value of type '{value.TypeName}' cannot be written as JSON"),
    };

    private void WriteContainer<T>(char open, char close, IReadOnlyList<T> items, bool fromInput, int depth, Action<T> write)
    {
        _output.Append(open, 1, fromInput);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
            {
                _output.Append(_itemSeparator.Text, fromInput || _itemSeparator.FromInput);
            }

            NewLine(depth + 1, fromInput);
            write(items[i]);
        }

        if (items.Count > 0)
        {
            NewLine(depth, fromInput);
        }

        _output.Append(close, 1, fromInput);
    }

    private void NewLine(int depth, bool fromInput)
    {
        if (_indent is not null)
        {
            _output.Append('\n', 1, fromInput);
            for (var i = 0; i < depth; i++)
            {
                _output.Append(_indent.Text, fromInput || _indent.AnyInput);
            }
        }
    }

    private void WriteString(StringValue text)
    {
        _output.Append('"', 1, text.FromInput);
        _output.Append(text.Rope.Map(Escape));
        _output.Append('"', 1, text.FromInput);
    }

    private string Escape(string text)
    {
        var result = new StringBuilder(text.Length + 2);
        foreach (var c in text)
        {
            switch (c)
            {
                case '"': result.Append("\\\""); break;
                case '\\': result.Append("\\\\"); break;
                case '\n': result.Append("\\n"); break;
                case '\r': result.Append("\\r"); break;
                case '\t': result.Append("\\t"); break;
                case '\f': result.Append("\\f"); break;
                case '\b': result.Append("\\b"); break;
                case < ' ':
                case > '~' when _ensureAscii:
                    result.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
                    break;
                default: result.Append(c); break;
            }
        }

        return result.ToString();
    }
}
