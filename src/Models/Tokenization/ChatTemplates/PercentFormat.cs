namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Python's <c>format % arguments</c>.</summary>
internal static class PercentFormat
{
    public static StringValue Apply(StringValue format, Value arguments)
    {
        var text = format.Text;
        var output = new OriginTextBuilder();
        var used = 0;
        var positional = arguments is TupleValue tuple ? tuple.List : [arguments];
        Value Next() => used < positional.Count
            ? positional[used++]
            : throw new ChatTemplateException("not enough arguments for the format string");

        for (var i = 0; i < text.Length;)
        {
            var percent = text.IndexOf('%', i);
            percent = percent < 0 ? text.Length : percent;
            output.Append(format.Rope.Slice(i, percent - i));
            i = percent + 1;
            if (percent == text.Length)
            {
                break;
            }

            Value? named = null;
            if (i < text.Length && text[i] == '(')
            {
                var close = text.IndexOf(')', i);
                var key = close < 0 ? "" : text[(i + 1)..close];
                named = (arguments as DictValue)?.Find(key) ?? throw new ChatTemplateException($"the format string asks for a key '{key}' that is not there");
                i = close + 1;
                used = positional.Count;
            }

            output.Append(Convert(text, ref i, named, Next, format.IsMarkup));
        }

        if (used < positional.Count && arguments is not (DictValue or ListValue or RangeValue or UndefinedValue))
        {
            throw new ChatTemplateException("not all arguments were used by the format string");
        }

        return format.With(output.ToText());
    }

    private static OriginText Convert(string text, ref int i, Value? named, Func<Value> next, bool escape)
    {
        var spec = new FormatSpec { Align = '>' };
        for (; i < text.Length && "-+ #0".Contains(text[i]); i++)
        {
            spec = text[i] switch
            {
                '-' => spec with { Align = '<' },
                '+' or ' ' => spec with { Sign = text[i] },
                '#' => spec with { Alternate = true },
                _ when spec.Align == '>' => spec with { Fill = "0" },
                _ => spec,
            };
        }

        spec = spec with { Width = Number(text, ref i, next) ?? 0 };
        if (i < text.Length && text[i] == '.')
        {
            i++;
            spec = spec with { Precision = Number(text, ref i, next) ?? 0 };
        }

        var type = i < text.Length ? text[i++] : throw new ChatTemplateException("incomplete format string");
        if (type == '%')
        {
            return OriginText.Of("%", fromInput: false);
        }

        var value = named ?? next();
        if (type is 's' or 'r' or 'a')
        {
            var plain = type == 's' ? PythonRepr.SoftStr(value) : new StringValue(PythonRepr.Repr(value));
            plain = escape ? Markup.Escape(plain) : plain;
            return (spec with { Fill = " ", Type = 's', Sign = '-', Alternate = false }).Format(plain);
        }

        if (type == 'c' && value is StringValue { Length: 1 } character)
        {
            return spec.Pad(character.Rope, '>');
        }

        if (value is not (IntValue or BoolValue or FloatValue))
        {
            throw new ChatTemplateException($"%{type} needs a number, not a value of type '{value.TypeName}'");
        }

        type = type is 'i' or 'u' ? 'd' : type;
        if (type == 'd' && value is FloatValue f)
        {
            value = new IntValue(PythonFloat.Scale(Math.Truncate(f.Number), 0), f.FromInput);
        }

        if (!"dxXocfFeEgG".Contains(type))
        {
            throw new ChatTemplateException($"unsupported format character '{type}'");
        }

        return (spec with { Type = type, Align = spec.Fill == "0" && spec.Align == '>' ? '=' : spec.Align }).Format(value);
    }

    private static int? Number(string text, ref int i, Func<Value> next)
    {
        if (i < text.Length && text[i] == '*')
        {
            i++;
            return Math.Clamp(PythonNumbers.ToInt(next()), 0, 1_000_000);
        }

        return FormatSpec.Number(text, ref i);
    }
}
