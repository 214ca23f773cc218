namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>The object that <c>cycler(...)</c> makes.</summary>
internal sealed class CyclerValue(IReadOnlyList<Value> items) : Value
{
    private int _position;

    public override string TypeName => "Cycler";

    public Value? FindAttribute(string name) => name switch
    {
        "current" => items[_position],
        "next" => new FunctionValue(name, "", (_, _) =>
        {
            var item = items[_position];
            _position = (_position + 1) % items.Count;
            return item;
        }),
        "reset" => new FunctionValue(name, "", (_, _) =>
        {
            _position = 0;
            return NoneValue.Instance;
        }),
        _ => null,
    };
}
