namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>The lazy filters that apply another filter or a test to every item.</summary>
internal static partial class Filters
{
    private static void AddSelections(Dictionary<string, Func<Interpreter, Value, CallArguments, Value>> table)
    {
        table.Add("map", (interpreter, v, a) => new GeneratorValue(Map(interpreter, v, a)));
        table.Add("select", (interpreter, v, a) => new GeneratorValue(Select(interpreter, v, a, byAttribute: false, keep: true)));
        table.Add("reject", (interpreter, v, a) => new GeneratorValue(Select(interpreter, v, a, byAttribute: false, keep: false)));
        table.Add("selectattr", (interpreter, v, a) => new GeneratorValue(Select(interpreter, v, a, byAttribute: true, keep: true)));
        table.Add("rejectattr", (interpreter, v, a) => new GeneratorValue(Select(interpreter, v, a, byAttribute: true, keep: false)));
    }

    private static IEnumerable<Value> Map(Interpreter interpreter, Value value, CallArguments arguments)
    {
        if (!value.IsTrue)
        {
            yield break;
        }

        var change = Mapping(interpreter, arguments);
        foreach (var item in value.RequireItems())
        {
            interpreter.Charge(1);
            yield return change(item);
        }
    }

    private static Func<Value, Value> Mapping(Interpreter interpreter, CallArguments arguments)
    {
        if (arguments.Positional.Count > 0)
        {
            var name = StringMethods.String(arguments.Positional[0]).Text;
            var rest = arguments with { Positional = [.. arguments.Positional.Skip(1)] };
            return item => Invoke(interpreter, name, item, rest);
        }

        if (arguments.Named.FirstOrDefault(pair => pair.Key is not ("attribute" or "default")) is { Key: { } unknown })
        {
            throw new ChatTemplateException($"the filter 'map' takes no keyword argument '{unknown}' without the name of a filter");
        }

        var attribute = arguments.FindNamed("attribute") ?? throw new ChatTemplateException("the filter 'map' needs the name of a filter or an attribute");
        return Getter(attribute, ignoreCase: false, arguments.FindNamed("default"));
    }

    private static IEnumerable<Value> Select(Interpreter interpreter, Value value, CallArguments arguments, bool byAttribute, bool keep)
    {
        if (!value.IsTrue)
        {
            yield break;
        }

        var skipped = byAttribute ? 1 : 0;
        if (arguments.Positional.Count < skipped)
        {
            throw new ChatTemplateException("the filter needs the name of an attribute");
        }

        var get = byAttribute ? Getter(arguments.Positional[0]) : item => item;
        Func<Value, bool> test = item => item.IsTrue;
        if (arguments.Positional.Count > skipped)
        {
            var name = StringMethods.String(arguments.Positional[skipped]).Text;
            var rest = arguments with { Positional = [.. arguments.Positional.Skip(skipped + 1)] };
            test = item => Tests.Invoke(interpreter, name, item, rest);
        }

        foreach (var item in value.RequireItems())
        {
            interpreter.Charge(1);
            if (test(get(item)) == keep)
            {
                yield return item;
            }
        }
    }
}
