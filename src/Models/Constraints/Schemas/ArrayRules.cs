using InferenceServer.Models.Constraints.Automata;
using InferenceServer.Models.Constraints.Grammars;

namespace InferenceServer.Models.Constraints.Schemas;

/// <summary>Arrays that satisfy several schemas.</summary>
internal sealed class ArrayRules(SchemaCompiler compiler)
{
    public void Write(int rule, IReadOnlyCollection<Schema> all)
    {
        var items = all.Select(schema => new ItemSchemas(compiler.Document, schema)).ToList();
        var limit = compiler.Budget.Limits.Items;
        var min = all.Max(schema => schema.Count("minItems") ?? 0);
        var max = all.Select(schema => schema.Count("maxItems")).Min();
        var prefix = items.Max(item => item.Count);
        // An item for which nothing will do is the end of the array.
        for (var index = 0; index <= prefix; index++)
        {
            if (items.Any(item => item.At(index) is { IsFalse: true }) && !(max < index)) max = index;
        }

        if (min > max) return;
        var last = max ?? Math.Max(prefix, Math.Max(min, 1));
        if (last > limit) throw ConstraintException.TooComplex($"An array may be bounded by {limit} items at most; here it is {last}.");

        // after[i]: i items are written. Without an upper bound the last of them repeats.
        var after = new int[last + 1];
        for (var index = 1; index <= last; index++) after[index] = compiler.Grammar.NewRule();
        if (min == 0) compiler.Grammar.Add(rule, Literals.EmptyArray);
        if (last > 0) compiler.Grammar.Add(rule, Literals.ArrayOpen, Item(0), Symbol.Of(after[1]));
        for (var index = 1; index <= last; index++)
        {
            if (index >= min) compiler.Grammar.Add(after[index], Literals.ArrayClose);
            if (index < last || max is null) compiler.Grammar.Add(after[index], Literals.Comma, Item(index), Symbol.Of(after[Math.Min(index + 1, last)]));
        }

        Symbol Item(int index) => compiler.All(items.Select(item => item.At(index)).OfType<Schema>());
    }
}
