using System.Globalization;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Python's <c>str.format</c>.</summary>
internal static class StringFormat
{
    public static StringValue Apply(StringValue format, CallArguments arguments)
    {
        var next = 0;
        return format.With(Expand(format.Rope, arguments, ref next, depth: 0));
    }

    private static OriginText Expand(OriginText format, CallArguments arguments, ref int next, int depth)
    {
        if (depth > 2)
        {
            throw new ChatTemplateException("format(): fields are nested too deeply");
        }

        var text = format.Text;
        var output = new OriginTextBuilder();
        for (var i = 0; i < text.Length;)
        {
            if (text[i] is not ('{' or '}'))
            {
                var end = text.AsSpan(i).IndexOfAny('{', '}');
                end = end < 0 ? text.Length : i + end;
                output.Append(format.Slice(i, end - i));
                i = end;
            }
            else if (i + 1 < text.Length && text[i + 1] == text[i])
            {
                output.Append(format.Slice(i, 1));
                i += 2;
            }
            else
            {
                var close = text[i] == '{' ? FieldEnd(text, i) : -1;
                if (close < 0)
                {
                    throw new ChatTemplateException($"format(): single '{text[i]}' in the format string");
                }

                output.Append(Field(format.Slice(i + 1, close - i - 1), arguments, ref next, depth));
                i = close + 1;
            }
        }

        return output.ToText();
    }

    private static int FieldEnd(string text, int open)
    {
        var level = 0;
        for (var i = open; i < text.Length; i++)
        {
            level += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
            if (level == 0)
            {
                return i;
            }
        }

        return -1;
    }

    private static OriginText Field(OriginText field, CallArguments arguments, ref int next, int depth)
    {
        var text = field.Text;
        var nameEnd = text.AsSpan().IndexOfAny('!', ':');
        nameEnd = nameEnd < 0 ? text.Length : nameEnd;
        var value = Lookup(text[..nameEnd], arguments, ref next);
        var i = nameEnd;
        if (i < text.Length && text[i] == '!')
        {
            value = (i + 1 < text.Length ? text[i + 1] : '\0') switch
            {
                's' => PythonRepr.ToStr(value),
                'r' or 'a' => new StringValue(PythonRepr.Repr(value)),
                _ => throw new ChatTemplateException("format(): a conversion is !s, !r or !a"),
            };
            i += 2;
        }

        var spec = i < text.Length ? Expand(field.Slice(i + 1), arguments, ref next, depth + 1).Text : "";
        return spec.Length == 0 ? PythonRepr.Str(value) : FormatSpec.Parse(spec).Format(value);
    }

    private static Value Lookup(string field, CallArguments arguments, ref int next)
    {
        var end = field.AsSpan().IndexOfAny('.', '[');
        end = end < 0 ? field.Length : end;
        var name = field[..end];
        Value? value;
        if (name.Length == 0 || name.All(char.IsAsciiDigit))
        {
            var index = name.Length == 0 ? next++ : int.TryParse(name, CultureInfo.InvariantCulture, out var given) ? given : int.MaxValue;
            value = index < arguments.Positional.Count ? arguments.Positional[index] : null;
        }
        else
        {
            value = arguments.FindNamed(name);
        }

        value = value ?? throw new ChatTemplateException($"format(): no argument for the field '{name}'");
        for (var i = end; i < field.Length;)
        {
            var isIndex = field[i] == '[';
            var stop = isIndex ? field.IndexOf(']', i) : field.AsSpan(i + 1).IndexOfAny('.', '[') is var n && n < 0 ? field.Length : i + 1 + n;
            if (stop < 0)
            {
                throw new ChatTemplateException("format(): a '[' is not closed");
            }

            var key = field[(i + 1)..stop];
            value = !isIndex ? Lookups.GetAttribute(value, key)
                : int.TryParse(key, CultureInfo.InvariantCulture, out var index) ? Lookups.GetItem(value, new IntValue(index))
                : Lookups.GetItem(value, StringValue.FromTemplate(key));
            i = isIndex ? stop + 1 : stop;
        }

        return value;
    }
}
