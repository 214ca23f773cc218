using System.Text;
using System.Text.Json;
using InferenceServer.Models.Constraints.Automata;
using InferenceServer.Models.Constraints.Grammars;
using InferenceServer.Models.Constraints.Regex;

namespace InferenceServer.Models.Constraints.Schemas;

/// <summary>From a JSON Schema to rules of a grammar whose texts are values that satisfy it: (1) each set of schemas that one value
/// must satisfy becomes a rule, (2) choices become branches, (3) values, types and their bounds become terminals and further rules.</summary>
internal sealed class SchemaCompiler
{
    private readonly Queue<(int Rule, Conjunction Of)> _open = [];
    private readonly Dictionary<string, Symbol> _rules = new(StringComparer.Ordinal);
    private readonly Disjointness _disjointness;
    private readonly ObjectRules _objects;
    private readonly ArrayRules _arrays;
    private Symbol? _anything;

    private SchemaCompiler(SchemaDocument document, GrammarBuilder grammar, CompileBudget budget)
    {
        (Document, Grammar, Budget) = (document, grammar, budget);
        Strings = new CharDfaBuilder(budget);
        Validator = new InstanceValidator(document, Strings, budget);
        _disjointness = new Disjointness(document, Validator, budget);
        _objects = new ObjectRules(this);
        _arrays = new ArrayRules(this);
    }

    public SchemaDocument Document { get; }

    public GrammarBuilder Grammar { get; }

    public CompileBudget Budget { get; }

    public CharDfaBuilder Strings { get; }

    public InstanceValidator Validator { get; }

    /// <summary>Any JSON value.</summary>
    public Symbol Anything => _anything ??= JsonRules.Value(Grammar);

    /// <summary>The rule of a schema.</summary>
    /// <param name="strict">Whether unknown keywords are refused.</param>
    /// <param name="mustBeObject">Whether only objects will do, whatever the schema says.</param>
    /// <exception cref="ConstraintException">It is no schema, or cannot be enforced.</exception>
    public static Symbol Compile(JsonElement schema, bool strict, bool mustBeObject, GrammarBuilder grammar, CompileBudget budget)
    {
        CheckText(schema, budget.Limits);
        var document = new SchemaDocument(schema, strict, budget);
        var compiler = new SchemaCompiler(document, grammar, budget);
        var roots = mustBeObject ? new[] { document.Root, document.Object } : [document.Root];
        var root = compiler.All(roots);
        while (compiler._open.TryDequeue(out var next)) compiler.Write(next.Rule, next.Of);
        return root;
    }

    /// <summary>The rule of what satisfies all of these.</summary>
    public Symbol All(IEnumerable<Schema> schemas) => Of(Conjunction.Of(Document, schemas));

    private static void CheckText(JsonElement schema, ConstraintLimits limits)
    {
        var size = Encoding.UTF8.GetByteCount(schema.GetRawText());
        if (size > limits.SchemaBytes) throw ConstraintException.TooComplex($"It has {size} bytes; {limits.SchemaBytes} is the limit.");
        try
        {
            JsonText.Of(schema);
        }
        catch (InvalidOperationException)
        {
            throw ConstraintException.Invalid("It holds a text with half of a surrogate pair.");
        }
    }

    private Symbol Of(Conjunction conjunction)
    {
        if (_rules.TryGetValue(conjunction.Key, out var known)) return known;
        Budget.Edge(conjunction.Schemas.Count + conjunction.Choices.Count);
        var rule = Grammar.NewRule();
        _open.Enqueue((rule, conjunction));
        return _rules[conjunction.Key] = Symbol.Of(rule);
    }

    private void Write(int rule, Conjunction all)
    {
        if (all.IsImpossible) return;
        var lists = all.Schemas.Select(schema => schema.Values).OfType<IReadOnlyList<JsonElement>>().ToList();
        foreach (var choice in all.Choices)
        {
            if (all.ValuesOf(choice) is not { } listed)
            {
                WriteBranches(rule, all, choice);
                return;
            }

            lists.Add(listed);
        }

        if (ListedValues(lists, all) is { } values)
        {
            if (values.Count > 0) Grammar.Add(rule, ByteDfaBuilder.Words(values.Select(value => Encoding.UTF8.GetBytes(JsonText.Of(value))), Budget));
            return;
        }

        if (all.Schemas.All(schema => !schema.Json.EnumerateObject().Any(property => SchemaKeywords.Enforced.Contains(property.Name) && property.Name is not ("$ref" or "allOf"))))
        {
            Grammar.Add(rule, Anything);
            return;
        }

        foreach (var type in Types(all)) WriteType(rule, type, all.Schemas);
    }

    private void WriteBranches(int rule, Conjunction all, SchemaChoice choice)
    {
        var branches = Document.Parts(choice.Of, choice.Keyword).ToList();
        if (branches.Count > Budget.Limits.Branches)
            throw ConstraintException.TooComplex($"{SchemaDocument.Where(choice.Of.Pointer)}: '{choice.Keyword}' has {branches.Count} branches; {Budget.Limits.Branches} is the limit, except for mere values.");
        if (choice.Keyword == "oneOf") _disjointness.Require(branches, choice.Of);
        foreach (var branch in branches) Grammar.Add(rule, Of(all.Choose(choice, branch)));
    }

    // Those of the first list that the others agree with; null where there is no list.
    private List<JsonElement>? ListedValues(List<IReadOnlyList<JsonElement>> lists, Conjunction all)
    {
        if (lists.Count == 0) return null;
        var values = lists[0].Where(value => all.Schemas.All(schema => Validator.IsOfShape(value, schema)));
        foreach (var list in lists.Skip(1))
        {
            Budget.Edge(checked(lists[0].Count * list.Count)); // the one place where the work grows with a square
            values = values.Where(value => list.Any(other => JsonElement.DeepEquals(value, other)));
        }

        return [.. values];
    }

    private static IEnumerable<string> Types(Conjunction all)
    {
        IEnumerable<string> types = SchemaKeywords.Types;
        foreach (var schema in all.Schemas)
        {
            var own = schema.Types;
            types = [.. types.Where(type => own.Contains(type) || (type == "integer" && own.Contains("number")))];
        }

        return types.Contains("number") ? types.Where(type => type != "integer") : types;
    }

    private void WriteType(int rule, string type, IReadOnlyCollection<Schema> all)
    {
        switch (type)
        {
            case "object":
                _objects.Write(rule, all);
                break;
            case "array":
                _arrays.Write(rule, all);
                break;
            case "string":
                if (StringTerminals.Of(all, Strings, Validator, Budget) is { } text) Grammar.Add(rule, text);
                break;
            case "number" or "integer":
                if (NumberTerminals.Of(all, type == "integer", Strings, Budget) is { } number) Grammar.Add(rule, number);
                break;
            case "boolean":
                Grammar.Add(rule, Literals.True);
                Grammar.Add(rule, Literals.False);
                break;
            default:
                Grammar.Add(rule, Literals.Null);
                break;
        }
    }
}
