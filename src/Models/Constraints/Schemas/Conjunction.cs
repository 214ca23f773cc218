using System.Text.Json;

namespace InferenceServer.Models.Constraints.Schemas;

/// <summary>An <c>anyOf</c> or <c>oneOf</c> of a schema.</summary>
internal readonly record struct SchemaChoice(Schema Of, string Keyword);

/// <summary>
/// Schemas that one value must satisfy together: references and <c>allOf</c> are followed, choices still to be made stand
/// beside. Since it is named by what it holds, recursive schemas lead back to ones that are known.
/// </summary>
internal sealed class Conjunction
{
    private readonly SchemaDocument _document;
    private readonly SortedDictionary<int, Schema> _schemas = [];
    private readonly SortedDictionary<(int, string), SchemaChoice> _choices = [];
    private readonly SortedDictionary<(int, string), SchemaChoice> _made = [];

    private Conjunction(SchemaDocument document) => _document = document;

    /// <summary>Whether one of them is <c>false</c>.</summary>
    public bool IsImpossible { get; private set; }

    /// <summary>Those that assert something themselves, in order of appearance.</summary>
    public IReadOnlyCollection<Schema> Schemas => _schemas.Values;

    public IReadOnlyCollection<SchemaChoice> Choices => _choices.Values;

    public string Key => IsImpossible
        ? "false"
        : $"{string.Join(',', _schemas.Keys)}|{string.Join(',', _choices.Keys)}|{string.Join(',', _made.Keys)}";

    public static Conjunction Of(SchemaDocument document, IEnumerable<Schema> schemas)
    {
        var conjunction = new Conjunction(document);
        foreach (var schema in schemas) conjunction.Add(schema, []);
        return conjunction;
    }

    /// <summary>The same with a choice made.</summary>
    public Conjunction Choose(SchemaChoice choice, Schema branch)
    {
        var chosen = new Conjunction(_document) { IsImpossible = IsImpossible };
        foreach (var (id, schema) in _schemas) chosen._schemas.Add(id, schema);
        foreach (var (id, other) in _choices.Where(other => other.Value != choice)) chosen._choices.Add(id, other);
        foreach (var (id, other) in _made) chosen._made.Add(id, other);
        chosen._made[(choice.Of.Id, choice.Keyword)] = choice;
        chosen.Add(branch, []);
        return chosen;
    }

    /// <summary>The values a choice is between, where all its branches are mere lists of values; else null.</summary>
    public IReadOnlyList<JsonElement>? ValuesOf(SchemaChoice choice)
    {
        var values = new List<JsonElement>();
        foreach (var branch in _document.Parts(choice.Of, choice.Keyword))
        {
            if (branch.Values is not { } some || branch.Json.EnumerateObject().Any(property => property.Name is not ("const" or "enum") && SchemaKeywords.Enforced.Contains(property.Name)))
                return null;
            values.AddRange(some);
        }

        return values;
    }

    private void Add(Schema schema, HashSet<int> path)
    {
        if (schema.Json.ValueKind == JsonValueKind.True || IsImpossible) return;
        if (schema.IsFalse)
        {
            IsImpossible = true;
            return;
        }

        if (!path.Add(schema.Id)) throw ConstraintException.Invalid($"{SchemaDocument.Where(schema.Pointer)} refers to itself without end.");
        _schemas[schema.Id] = schema;
        if (schema["$ref"] is not null) Add(_document.Target(schema), path);
        foreach (var part in _document.Parts(schema, "allOf")) Add(part, path);
        foreach (var keyword in new[] { "anyOf", "oneOf" })
        {
            if (schema[keyword] is not null && !_made.ContainsKey((schema.Id, keyword))) _choices[(schema.Id, keyword)] = new SchemaChoice(schema, keyword);
        }

        path.Remove(schema.Id);
    }
}
