namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Evaluated arguments of a call, filter or test.</summary>
internal sealed record CallArguments(IReadOnlyList<Value> Positional, IReadOnlyList<KeyValuePair<string, Value>> Named)
{
    public static CallArguments Empty { get; } = new([], []);

    public Value? FindNamed(string name)
    {
        foreach (var pair in Named)
        {
            if (pair.Key == name)
            {
                return pair.Value;
            }
        }

        return null;
    }
}

/// <summary>
/// Parameters of a built-in function, written <c>"old new count?"</c>: a question mark makes one optional, a leading
/// slash makes all of them positional only.
/// </summary>
internal sealed class Signature
{
    private readonly string _function;
    private readonly string[] _names;
    private readonly int _required;
    private readonly bool _positionalOnly;

    public Signature(string function, string parameters)
    {
        _function = function;
        _positionalOnly = parameters.StartsWith('/');
        var names = parameters.TrimStart('/').Split(' ', StringSplitOptions.RemoveEmptyEntries);
        _required = names.Count(name => !name.EndsWith('?'));
        _names = [.. names.Select(name => name.TrimEnd('?'))];
    }

    /// <summary>One slot per parameter; null where an optional one was not given.</summary>
    public Value?[] Bind(CallArguments arguments)
    {
        if (arguments.Positional.Count > _names.Length)
        {
            throw new ChatTemplateException($"{_function} takes at most {_names.Length} arguments, got {arguments.Positional.Count}");
        }

        var slots = new Value?[_names.Length];
        for (var i = 0; i < arguments.Positional.Count; i++)
        {
            slots[i] = arguments.Positional[i];
        }

        foreach (var (name, value) in arguments.Named)
        {
            var i = _positionalOnly ? -1 : Array.IndexOf(_names, name);
            if (i < 0 || slots[i] is not null)
            {
                throw new ChatTemplateException(i < 0 ? $"{_function} takes no keyword argument '{name}'" : $"{_function} got '{name}' twice");
            }

            slots[i] = value;
        }

        for (var i = 0; i < _required; i++)
        {
            if (slots[i] is null)
            {
                throw new ChatTemplateException($"{_function} needs the argument '{_names[i]}'");
            }
        }

        return slots;
    }
}
