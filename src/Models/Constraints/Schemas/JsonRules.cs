using InferenceServer.Models.Constraints.Automata;
using InferenceServer.Models.Constraints.Grammars;

namespace InferenceServer.Models.Constraints.Schemas;

/// <summary>JSON itself, without a schema.</summary>
internal static class JsonRules
{
    /// <summary>Any value.</summary>
    public static Symbol Value(GrammarBuilder grammar) => Build(grammar).Value;

    /// <summary>Any object.</summary>
    public static Symbol Object(GrammarBuilder grammar) => Build(grammar).Object;

    private static (Symbol Value, Symbol Object) Build(GrammarBuilder grammar)
    {
        var value = grammar.NewRule();
        var members = grammar.NewRule();
        var member = grammar.Rule(StringTerminal.Any, Literals.Colon, Symbol.Of(value));
        grammar.Add(members, Literals.ObjectClose);
        grammar.Add(members, Literals.Comma, member, Symbol.Of(members));
        var items = grammar.NewRule();
        grammar.Add(items, Literals.ArrayClose);
        grammar.Add(items, Literals.Comma, Symbol.Of(value), Symbol.Of(items));

        var obj = grammar.OneOf([Literals.EmptyObject], [Literals.ObjectOpen, member, Symbol.Of(members)]);
        grammar.Add(value, obj);
        grammar.Add(value, Literals.EmptyArray);
        grammar.Add(value, Literals.ArrayOpen, Symbol.Of(value), Symbol.Of(items));
        foreach (var terminal in new Symbol[] { StringTerminal.Any, Literals.Number, Literals.True, Literals.False, Literals.Null }) grammar.Add(value, terminal);
        return (Symbol.Of(value), obj);
    }
}
