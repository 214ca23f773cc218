using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Python's <c>str</c> and <c>repr</c>. Each string keeps its origin; brackets have the origin of their container.</summary>
internal static class PythonRepr
{
    public static OriginText Str(Value value) => value is StringValue text ? text.Rope : Write(value, new OriginTextBuilder()).ToText();

    /// <summary><c>str</c> as a string value that is not markup any more.</summary>
    public static StringValue ToStr(Value value) => value is StringValue { IsMarkup: false } text ? text : new(Str(value));

    /// <summary>As <see cref="ToStr"/>, but markup stays markup (markupsafe's <c>soft_str</c>).</summary>
    public static StringValue SoftStr(Value value) => value as StringValue ?? new(Str(value));

    public static OriginText Repr(Value value) =>
        value is UndefinedValue ? OriginText.Of("Undefined", fromInput: false) : Write(value, new OriginTextBuilder()).ToText();

    private static OriginTextBuilder Write(Value value, OriginTextBuilder output)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new ChatTemplateException("the value is nested too deeply to print");
        }

        switch (value)
        {
            case StringValue text:
                WriteString(text, output);
                break;
            case ListValue list:
                WriteItems(list.List, "[", "]", list.FromInput, output);
                break;
            case TupleValue tuple:
                WriteItems(tuple.List, "(", tuple.List.Count == 1 ? ",)" : ")", tuple.FromInput, output);
                break;
            case DictValue dictionary:
                WritePairs(dictionary, output);
                break;
            case DictViewValue view:
                output.Append(view.TypeName + "(", fromInput: false);
                WriteItems([.. view.Items], "[", "])", fromInput: false, output);
                break;
            case NamespaceValue space:
                output.Append("<Namespace ", fromInput: false);
                WritePairs(space.Attributes, output);
                output.Append(">", fromInput: false);
                break;
            default:
                output.Append(Scalar(value), value.FromInput);
                break;
        }

        return output;
    }

    private static string Scalar(Value value) => value switch
    {
        UndefinedValue => "",
        NoneValue => "None",
        BoolValue b => b.IsTrue ? "True" : "False",
        IntValue i => i.Number.ToString(CultureInfo.InvariantCulture),
        FloatValue f => PythonFloat.Repr(f.Number),
        RangeValue r => r.Step.IsOne ? $"range({r.Start}, {r.Stop})" : $"range({r.Start}, {r.Stop}, {r.Step})",
        _ => $"<{value.TypeName} object>",
    };

    private static void WriteItems(IReadOnlyList<Value> items, string open, string close, bool fromInput, OriginTextBuilder output)
    {
        output.Append(open, fromInput);
        for (var i = 0; i < items.Count; i++)
        {
            output.Append(i == 0 ? "" : ", ", fromInput);
            WriteNested(items[i], output);
        }

        output.Append(close, fromInput);
    }

    private static void WritePairs(DictValue dictionary, OriginTextBuilder output)
    {
        output.Append("{", dictionary.FromInput);
        for (var i = 0; i < dictionary.Pairs.Count; i++)
        {
            output.Append(i == 0 ? "" : ", ", dictionary.FromInput);
            WriteNested(dictionary.Pairs[i].Key, output);
            output.Append(": ", dictionary.FromInput);
            WriteNested(dictionary.Pairs[i].Value, output);
        }

        output.Append("}", dictionary.FromInput);
    }

    private static void WriteNested(Value value, OriginTextBuilder output)
    {
        if (value is UndefinedValue)
        {
            output.Append("Undefined", fromInput: false);
        }
        else
        {
            Write(value, output);
        }
    }

    private static void WriteString(StringValue text, OriginTextBuilder output)
    {
        var quote = text.Text.Contains('\'') && !text.Text.Contains('"') ? "\"" : "'";
        output.Append((text.IsMarkup ? "Markup(" : "") + quote, text.FromInput);
        output.Append(text.Rope.Map(part => Escape(part, quote[0])));
        output.Append(quote + (text.IsMarkup ? ")" : ""), text.FromInput);
    }

    private static string Escape(string text, char quote)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            var size = PythonText.SizeAt(text, i);
            var c = text[i];
            if (c == quote || c == '\\')
            {
                result.Append('\\').Append(c);
            }
            else if (c is '\n' or '\r' or '\t')
            {
                result.Append('\\').Append(c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
            }
            else if (IsPrintable(text, i))
            {
                result.Append(text, i, size);
            }
            else
            {
                var code = size == 2 ? char.ConvertToUtf32(text, i) : c;
                result.Append(CultureInfo.InvariantCulture, $"{(code < 0x100 ? $"\\x{code:x2}" : code < 0x10000 ? $"\\u{code:x4}" : $"\\U{code:x8}")}");
            }

            i += size;
        }

        return result.ToString();
    }

    public static bool IsPrintable(string text, int i) => text[i] == ' ' || CharUnicodeInfo.GetUnicodeCategory(text, i) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);
}
