using System.Numerics;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Functions every template can call: Jinja's own and the two that Hugging Face adds.</summary>
internal static class Globals
{
    public static void AddTo(Scope scope)
    {
        void Add(string name, Func<Interpreter, CallArguments, Value> body) => scope.Set(name, new FunctionValue(name, body));

        Add("raise_exception", (interpreter, arguments) =>
        {
            var message = new Signature("raise_exception()", "message").Bind(arguments)[0]!;
            throw ChatTemplateException.Raised(PythonRepr.Str(message).Text, interpreter.Line);
        });
        Add("strftime_now", (interpreter, arguments) =>
        {
            var format = StringMethods.String(new Signature("strftime_now()", "format").Bind(arguments)[0]!);
            return format.With(format.Rope.Map(text => Strftime.Format(interpreter.Now, text)));
        });
        Add("range", (_, arguments) => Range(arguments));
        Add("dict", (_, arguments) => Dictionary("dict()", arguments, new DictValue()));
        Add("namespace", (_, arguments) =>
        {
            var space = new NamespaceValue();
            Dictionary("namespace()", arguments, space.Attributes);
            return space;
        });
        Add("cycler", (_, arguments) => arguments.Positional.Count > 0
            ? new CyclerValue(arguments.Positional)
            : throw new ChatTemplateException("cycler() needs items"));
        Add("joiner", (_, arguments) => Joiner(new Signature("joiner()", "sep?").Bind(arguments)[0]));
    }

    private static RangeValue Range(CallArguments arguments)
    {
        var bounds = new Signature("range()", "/start stop? step?").Bind(arguments).Select(bound => bound is null
            ? (BigInteger?)null
            : PythonNumbers.AsInteger(bound) ?? PythonNumbers.ToInt(bound)).ToList();
        return bounds[1] is { } stop ? new(bounds[0]!.Value, stop, bounds[2] ?? BigInteger.One) : new(BigInteger.Zero, bounds[0]!.Value, BigInteger.One);
    }

    private static DictValue Dictionary(string function, CallArguments arguments, DictValue result)
    {
        if (arguments.Positional.Count > 1)
        {
            throw new ChatTemplateException($"{function} takes at most one positional argument");
        }

        foreach (var source in arguments.Positional)
        {
            if (source is DictValue other)
            {
                foreach (var (key, value) in other.Pairs)
                {
                    result.Set(key, value);
                }

                continue;
            }

            foreach (var item in source.RequireItems())
            {
                if (item.RequireItems().ToList() is not [var key, var value])
                {
                    throw new ChatTemplateException($"{function} needs pairs of a key and a value");
                }

                result.Set(key, value);
            }
        }

        foreach (var (name, value) in arguments.Named)
        {
            result.Set(StringValue.FromTemplate(name), value);
        }

        return result;
    }

    private static FunctionValue Joiner(Value? separator)
    {
        var used = false;
        return new("joiner", (_, _) =>
        {
            var result = used ? separator ?? StringValue.FromTemplate(", ") : StringValue.Empty;
            used = true;
            return result;
        });
    }
}
