using System.Text;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Methods of <c>str</c>. Every piece of a result keeps the origin it had in its source.</summary>
internal static class StringMethods
{
    private static readonly Dictionary<string, (string Parameters, Func<Interpreter, StringValue, Value?[], Value> Body)> Methods = new(StringComparer.Ordinal)
    {
        ["strip"] = ("/chars?", (_, s, a) => StringPieces.Strip(s, a[0], left: true, right: true)),
        ["lstrip"] = ("/chars?", (_, s, a) => StringPieces.Strip(s, a[0], left: true, right: false)),
        ["rstrip"] = ("/chars?", (_, s, a) => StringPieces.Strip(s, a[0], left: false, right: true)),
        ["split"] = ("sep? maxsplit?", (_, s, a) => StringPieces.Split(s, a[0], a[1], fromRight: false)),
        ["rsplit"] = ("sep? maxsplit?", (_, s, a) => StringPieces.Split(s, a[0], a[1], fromRight: true)),
        ["splitlines"] = ("keepends?", (_, s, a) => new ListValue([.. StringPieces.Lines(s, a[0]?.IsTrue ?? false)])),
        ["partition"] = ("/sep", (_, s, a) => StringPieces.Partition(s, Text(a[0]!), last: false)),
        ["rpartition"] = ("/sep", (_, s, a) => StringPieces.Partition(s, Text(a[0]!), last: true)),
        ["removeprefix"] = ("/prefix", (_, s, a) => s.Text.StartsWith(Text(a[0]!), StringComparison.Ordinal) ? s.With(s.Rope.Slice(Text(a[0]!).Length)) : s),
        ["removesuffix"] = ("/suffix", (_, s, a) => s.Text.EndsWith(Text(a[0]!), StringComparison.Ordinal) ? s.With(s.Rope.Slice(0, s.Text.Length - Text(a[0]!).Length)) : s),
        ["replace"] = ("/old new count?", (_, s, a) => StringPieces.Replace(s, String(a[0]!), s.IsMarkup ? Markup.Escape(String(a[1]!)) : String(a[1]!), a[2])),
        ["join"] = ("/iterable", (_, s, a) => StringPieces.Join(s, a[0]!.RequireItems().Select(String))),
        ["upper"] = ("", (_, s, _) => s.With(s.Rope.Map(PythonText.Upper))),
        ["lower"] = ("", (_, s, _) => s.With(s.Rope.Map(PythonText.Lower))),
        ["casefold"] = ("", (_, s, _) => s.With(s.Rope.Map(text => PythonText.Lower(text).Replace("ß", "ss", StringComparison.Ordinal)))),
        ["title"] = ("", (_, s, _) => s.With(s.Rope.Derived(PythonText.Title(s.Text)))),
        ["capitalize"] = ("", (_, s, _) => s.With(StringPieces.Capitalize(s.Rope))),
        ["swapcase"] = ("", (_, s, _) => s.With(s.Rope.Map(PythonText.SwapCase))),
        ["center"] = ("/width fillchar?", (_, s, a) => StringPieces.Justify(s, a[0]!, a[1], '^')),
        ["ljust"] = ("/width fillchar?", (_, s, a) => StringPieces.Justify(s, a[0]!, a[1], '<')),
        ["rjust"] = ("/width fillchar?", (_, s, a) => StringPieces.Justify(s, a[0]!, a[1], '>')),
        ["zfill"] = ("/width", (_, s, a) => StringPieces.ZeroFill(s, a[0]!)),
        ["expandtabs"] = ("tabsize?", (_, s, a) => s.With(s.Rope.Derived(StringPieces.ExpandTabs(s.Text, a[0] is null ? 8 : PythonNumbers.ToInt(a[0]!))))),
        ["find"] = ("/sub start? end?", (_, s, a) => new IntValue(Find(s, a, last: false))),
        ["rfind"] = ("/sub start? end?", (_, s, a) => new IntValue(Find(s, a, last: true))),
        ["index"] = ("/sub start? end?", (_, s, a) => new IntValue(Found(Find(s, a, last: false)))),
        ["rindex"] = ("/sub start? end?", (_, s, a) => new IntValue(Found(Find(s, a, last: true)))),
        ["count"] = ("/sub start? end?", (_, s, a) => new IntValue(Count(Window(s, a).Text, Text(a[0]!)))),
        ["startswith"] = ("/prefix start? end?", (_, s, a) => Affix(s, a, (text, affix) => text.StartsWith(affix, StringComparison.Ordinal))),
        ["endswith"] = ("/suffix start? end?", (_, s, a) => Affix(s, a, (text, affix) => text.EndsWith(affix, StringComparison.Ordinal))),
        ["isspace"] = ("", (_, s, _) => BoolValue.Of(PythonText.IsSpace(s.Text))),
        ["isascii"] = ("", (_, s, _) => BoolValue.Of(Ascii.IsValid(s.Text))),
        ["isalpha"] = ("", (_, s, _) => All(s, Rune.IsLetter)),
        ["isalnum"] = ("", (_, s, _) => All(s, rune => Rune.IsLetter(rune) || Rune.IsNumber(rune))),
        ["isdigit"] = ("", (_, s, _) => All(s, rune => Rune.IsDigit(rune) || "²³¹".Contains(rune.ToString(), StringComparison.Ordinal))),
        ["isdecimal"] = ("", (_, s, _) => All(s, Rune.IsDigit)),
        ["isnumeric"] = ("", (_, s, _) => All(s, Rune.IsNumber)),
        ["isidentifier"] = ("", (_, s, _) => BoolValue.Of(s.Text.Length > 0 && !char.IsDigit(s.Text[0]) && s.Text.All(c => c == '_' || char.IsLetterOrDigit(c)))),
        ["isprintable"] = ("", (_, s, _) => BoolValue.Of(Enumerable.Range(0, s.Text.Length).All(i => char.IsLowSurrogate(s.Text[i]) || PythonRepr.IsPrintable(s.Text, i)))),
        ["isupper"] = ("", (_, s, _) => BoolValue.Of(HasCase(s.Text, PythonText.IsUpper))),
        ["islower"] = ("", (_, s, _) => BoolValue.Of(HasCase(s.Text, PythonText.IsLower))),
        ["istitle"] = ("", (_, s, _) => BoolValue.Of(s.Text.EnumerateRunes().Any(PythonText.IsCased) && PythonText.Title(s.Text) == s.Text)),
    };

    public static Value? Find(StringValue target, string name)
    {
        if (Methods.TryGetValue(name, out var method))
        {
            return new FunctionValue(name, method.Parameters, (interpreter, arguments) => method.Body(interpreter, target, arguments));
        }

        return name switch
        {
            "format" => new FunctionValue(name, (_, arguments) => StringFormat.Apply(target, arguments)),
            "format_map" => new FunctionValue(name, "/mapping", (_, a) => StringFormat.Apply(target, new([], NamedBy(a[0]!)))),
            "encode" or "maketrans" or "translate" => new FunctionValue(name, (_, _) =>
                throw new ChatTemplateException($"the string method '{name}' is not supported")),
            _ => null,
        };
    }

    /// <summary>Whether the text has letters with case, and all of them are of the one asked for.</summary>
    public static bool HasCase(string text, Func<Rune, bool> isWanted)
    {
        var cased = text.EnumerateRunes().Where(PythonText.IsCased).ToList();
        return cased.Count > 0 && cased.All(isWanted);
    }

    public static StringValue String(Value value) => value as StringValue
        ?? throw (value is UndefinedValue undefined
            ? undefined.Error()
            : new ChatTemplateException($"expected a string, got a value of type '{value.TypeName}'"));

    private static string Text(Value value) => String(value).Text;

    private static BoolValue All(StringValue text, Func<Rune, bool> test) => BoolValue.Of(text.Text.Length > 0 && text.Text.EnumerateRunes().All(test));

    private static KeyValuePair<string, Value>[] NamedBy(Value mapping) => mapping is DictValue dictionary
        ? [.. dictionary.Pairs.Select(pair => KeyValuePair.Create(Text(pair.Key), pair.Value))]
        : throw new ChatTemplateException("format_map() needs a mapping");

    private static int Found(int index) => index >= 0 ? index : throw new ChatTemplateException("the substring is not there");

    private static int Count(string text, string part)
    {
        if (part.Length == 0)
        {
            return PythonText.Length(text) + 1;
        }

        var count = 0;
        for (var i = text.IndexOf(part, StringComparison.Ordinal); i >= 0; i = text.IndexOf(part, i + part.Length, StringComparison.Ordinal))
        {
            count++;
        }

        return count;
    }

    private static int Find(StringValue s, Value?[] arguments, bool last)
    {
        var (window, start) = Window(s, arguments);
        var part = Text(arguments[0]!);
        if (start > s.Length)
        {
            return -1;
        }

        var i = last ? window.LastIndexOf(part, StringComparison.Ordinal) : window.IndexOf(part, StringComparison.Ordinal);
        return i < 0 ? -1 : start + PythonText.Length(window.AsSpan(0, i));
    }

    private static (string Text, int Start) Window(StringValue s, Value?[] arguments)
    {
        var length = s.Length!.Value;
        int Bound(Value? bound, int missing) => bound is null or NoneValue
            ? missing
            : PythonNumbers.ToInt(bound) is var i && i < 0 ? Math.Max(i + length, 0) : i;
        var start = Bound(arguments[1], 0);
        var stop = Math.Min(Bound(arguments[2], length), length);
        return start == 0 && stop == length ? (s.Text, 0) : (s.SliceCodePoints(start, Math.Max(start, stop)).Text, start);
    }

    private static BoolValue Affix(StringValue s, Value?[] arguments, Func<string, string, bool> test)
    {
        var (text, start) = Window(s, arguments);
        if (start > s.Length)
        {
            return BoolValue.False;
        }

        return BoolValue.Of(arguments[0] is TupleValue affixes
            ? affixes.List.Any(affix => test(text, Text(affix)))
            : test(text, Text(arguments[0]!)));
    }
}
