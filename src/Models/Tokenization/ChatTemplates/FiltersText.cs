using System.Globalization;
using System.Numerics;
using System.Text;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Filters that make text.</summary>
internal static partial class Filters
{
    private static void AddText(Dictionary<string, Func<Interpreter, Value, CallArguments, Value>> table)
    {
        table.Add("upper", "", (_, v, _) => Soft(v).With(Soft(v).Rope.Map(PythonText.Upper)));
        table.Add("lower", "", (_, v, _) => Soft(v).With(Soft(v).Rope.Map(PythonText.Lower)));
        table.Add("capitalize", "", (_, v, _) => Soft(v).With(StringPieces.Capitalize(Soft(v).Rope)));
        table.Add("title", "", (_, v, _) => Soft(v).With(Title(Soft(v).Rope)));
        table.Add("trim", "chars?", (_, v, a) => StringPieces.Strip(Soft(v), a[0], left: true, right: true));
        table.Add("string", "", (_, v, _) => Soft(v));
        table.Add("center", "width?", (_, v, a) => StringPieces.Justify(Soft(v), a[0] ?? new IntValue(80), null, '^'));
        table.Add("replace", "old new count?", (_, v, a) => StringPieces.Replace(PythonRepr.ToStr(v), PythonRepr.ToStr(a[0]!), PythonRepr.ToStr(a[1]!), a[2]));
        table.Add("join", "d? attribute?", (_, v, a) => StringPieces.Join(
            a[0] is null ? StringValue.Empty : PythonRepr.ToStr(a[0]!),
            v.RequireItems().Select(a[1] is null or NoneValue ? item => item : Getter(a[1])).Select(PythonRepr.ToStr)));
        table.Add("format", (_, v, a) => PercentFormat.Apply(Soft(v), FormatArguments(a)));
        table.Add("safe", "", (_, v, _) => new StringValue(PythonRepr.Str(v), isMarkup: true));
        table.Add("e escape", "", (_, v, _) => Markup.Escape(Soft(v)));
        table.Add("forceescape", "", (_, v, _) => Markup.Escape(PythonRepr.ToStr(v)));
        table.Add("indent", "width? first? blank?", (_, v, a) => Indent(StringMethods.String(v), a[0], Flag(a[1]), Flag(a[2])));
        table.Add("truncate", "length? killwords? end? leeway?", (_, v, a) => Truncate(v, a));
        table.Add("wordcount", "", (_, v, _) => new IntValue(WordCount(Soft(v).Text)));
        table.Add("tojson", "ensure_ascii? indent? separators? sort_keys?", (_, v, a) => new StringValue(PythonJson.Dumps(v, a[0], a[1], a[2], a[3])));
        table.Add("urlencode", "", (_, v, _) => UrlEncode(v));
        table.Add("filesizeformat", "binary?", (_, v, a) => StringValue.FromTemplate(FileSize(ToFloat(v), Flag(a[0]))));
    }

    private static StringValue Soft(Value value) => PythonRepr.SoftStr(value);

    /// <summary>Unlike <c>str.title</c>, a word starts only after white space or an opening bracket or hyphen.</summary>
    private static OriginText Title(OriginText text)
    {
        var builder = new OriginTextBuilder();
        for (var i = 0; i < text.Length;)
        {
            var start = i;
            var separator = IsSeparator(text.Text[i]);
            while (i < text.Length && IsSeparator(text.Text[i]) == separator)
            {
                i++;
            }

            var word = text.Slice(start, i - start);
            var size = PythonText.SizeAt(word.Text, 0);
            builder.Append(word.Slice(0, size).Map(PythonText.Upper)).Append(word.Slice(size).Map(PythonText.Lower));
        }

        return builder.ToText();
    }

    private static bool IsSeparator(char c) => PythonText.IsSpace(c) || c is '-' or '(' or '{' or '[' or '<';

    private static Value FormatArguments(CallArguments arguments)
    {
        if (arguments.Named.Count == 0)
        {
            return new TupleValue(arguments.Positional);
        }

        if (arguments.Positional.Count > 0)
        {
            throw new ChatTemplateException("the filter 'format' takes positional or keyword arguments, not both");
        }

        var named = new DictValue();
        foreach (var (name, value) in arguments.Named)
        {
            named.Set(StringValue.FromTemplate(name), value);
        }

        return named;
    }

    private static StringValue Indent(StringValue s, Value? width, bool first, bool blank)
    {
        var indention = width is StringValue text
            ? text
            : (StringValue)Operators.Binary("*", StringValue.FromTemplate(" "), width ?? new IntValue(4));
        var newLine = StringValue.FromTemplate("\n");
        var lines = StringPieces.Lines(s.With(OriginText.Concat(s.Rope, newLine.Rope)), keepEnds: false).Cast<StringValue>().ToList();
        var builder = new OriginTextBuilder();
        for (var i = 0; i < lines.Count; i++)
        {
            builder.Append(i == 0 ? "" : "\n", fromInput: false);
            if (i == 0 ? first : blank || lines[i].IsTrue)
            {
                builder.Append(indention.Rope);
            }

            builder.Append(lines[i].Rope);
        }

        return s.With(builder.ToText());
    }

    private static Value Truncate(Value value, Value?[] arguments)
    {
        var length = arguments[0] is null ? 255 : PythonNumbers.ToInt(arguments[0]!);
        var end = arguments[2] is null ? StringValue.FromTemplate("...") : StringMethods.String(arguments[2]!);
        var leeway = arguments[3] is null or NoneValue ? 5 : PythonNumbers.ToInt(arguments[3]!);
        if (length < end.Length || leeway < 0)
        {
            throw new ChatTemplateException("the filter 'truncate' needs a length of at least its end, and no negative leeway");
        }

        if (value.RequireLength() <= (long)length + leeway)
        {
            return value;
        }

        var s = StringMethods.String(value);
        var kept = s.SliceCodePoints(0, length - end.Length!.Value);
        var cut = Flag(arguments[1]) ? -1 : kept.Text.LastIndexOf(' ');
        return Markup.Add(s.With(cut < 0 ? kept : kept.Slice(0, cut)), end);
    }

    private static int WordCount(string text)
    {
        var count = 0;
        var inWord = false;
        foreach (var rune in text.EnumerateRunes())
        {
            var isWord = Rune.IsLetterOrDigit(rune) || rune.Value == '_' || Rune.IsNumber(rune);
            count += isWord && !inWord ? 1 : 0;
            inWord = isWord;
        }

        return count;
    }

    private static StringValue UrlEncode(Value value)
    {
        if (value is StringValue || value.Items is null)
        {
            return new(Quote(value, isQuery: false));
        }

        var pairs = value is DictValue dictionary
            ? dictionary.Pairs.Select(pair => (pair.Key, pair.Value))
            : value.Items.Select(item => item.RequireItems().ToList() is [var key, var other]
                ? (key, other)
                : throw new ChatTemplateException("the filter 'urlencode' needs pairs"));
        return StringPieces.Join(StringValue.FromTemplate("&"), pairs.Select(pair =>
            new StringValue(new OriginTextBuilder().Append(Quote(pair.Item1, isQuery: true)).Append("=", fromInput: false).Append(Quote(pair.Item2, isQuery: true)).ToText())));
    }

    private static OriginText Quote(Value value, bool isQuery) => PythonRepr.Str(value).Map(text =>
    {
        var result = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            var c = (char)b;
            if (char.IsAsciiLetterOrDigit(c) || "_.-~".Contains(c) || (c == '/' && !isQuery))
            {
                result.Append(c);
            }
            else if (c == ' ' && isQuery)
            {
                result.Append('+');
            }
            else
            {
                result.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
            }
        }

        return result.ToString();
    });

    private static string FileSize(double bytes, bool binary)
    {
        var unit = binary ? 1024.0 : 1000.0;
        if (bytes == 1)
        {
            return "1 Byte";
        }

        if (bytes < unit)
        {
            return $"{new BigInteger(bytes)} Bytes";
        }

        var prefixes = binary ? "KMGTPEZY" : "kMGTPEZY";
        var i = 0;
        for (bytes /= unit; bytes >= unit && i < prefixes.Length - 1; i++)
        {
            bytes /= unit;
        }

        return $"{PythonFloat.Fixed(bytes, 1)} {prefixes[i]}{(binary ? "i" : "")}B";
    }
}
