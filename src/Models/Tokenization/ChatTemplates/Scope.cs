namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Variables of one block; a name that is not here is looked up in the enclosing one.</summary>
internal sealed class Scope(Scope? parent)
{
    private readonly Dictionary<string, Value> _variables = new(StringComparer.Ordinal);

    public Value? Find(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope._variables.TryGetValue(name, out var value))
            {
                return value;
            }
        }

        return null;
    }

    public void Set(string name, Value value) => _variables[name] = value;

    private Scope? Parent => parent;
}
