using System.Text.Json;
using InferenceServer.Models.Constraints.Automata;
using InferenceServer.Models.Constraints.Regex;

namespace InferenceServer.Models.Constraints.Schemas;

/// <summary>Whether a value that is written down in a schema satisfies others: for <c>enum</c> and <c>const</c> beside other keywords.</summary>
internal sealed class InstanceValidator(SchemaDocument document, CharDfaBuilder patterns, CompileBudget budget)
{
    private const int MaxDepth = 64;

    private readonly Dictionary<string, CharDfa> _patterns = new(StringComparer.Ordinal);

    public bool IsValid(JsonElement value, Schema schema) => IsValid(value, schema, 0);

    /// <summary>The same without what the schema says through others or by listing values.</summary>
    public bool IsOfShape(JsonElement value, Schema schema) => IsOfShape(value, schema, 0);

    /// <summary>Whether a text matches a pattern anywhere.</summary>
    public bool Matches(string text, string pattern) => Pattern(pattern).Matches(text);

    /// <summary>The strings a pattern matches; compiled once.</summary>
    public CharDfa Pattern(string pattern)
    {
        if (_patterns.TryGetValue(pattern, out var known)) return known;
        return _patterns[pattern] = patterns.Pattern(pattern);
    }

    private static bool IsOfType(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && Number(value).IsWhole,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        _ => value.ValueKind == JsonValueKind.Null,
    };

    private static ExactNumber Number(JsonElement value) => ExactNumber.Parse(value.GetRawText());

    private bool IsValid(JsonElement value, Schema schema, int depth)
    {
        budget.Edge();
        if (depth > MaxDepth) throw ConstraintException.TooComplex("It refers to itself too often for one value.");
        if (schema.IsFalse) return false;
        if (schema.Json.ValueKind == JsonValueKind.True) return true;
        return IsOfShape(value, schema, depth)
            && (schema["const"] is not { } only || JsonElement.DeepEquals(value, only))
            && (schema["enum"] is not { } some || some.EnumerateArray().Any(other => JsonElement.DeepEquals(value, other)))
            && (schema["$ref"] is null || IsValid(value, document.Target(schema), depth + 1))
            && document.Parts(schema, "allOf").All(part => IsValid(value, part, depth + 1))
            && (schema["anyOf"] is null || document.Parts(schema, "anyOf").Any(part => IsValid(value, part, depth + 1)))
            && (schema["oneOf"] is null || document.Parts(schema, "oneOf").Count(part => IsValid(value, part, depth + 1)) == 1);
    }

    private bool IsOfShape(JsonElement value, Schema schema, int depth) => schema.Types.Any(type => IsOfType(value, type))
        && value.ValueKind switch
        {
            JsonValueKind.String => IsValidString(value.GetString()!, schema),
            JsonValueKind.Number => IsValidNumber(value, schema),
            JsonValueKind.Array => IsValidArray(value, schema, depth),
            JsonValueKind.Object => IsValidObject(value, schema, depth),
            _ => true,
        };

    private bool IsValidString(string text, Schema schema)
    {
        var length = text.EnumerateRunes().Count();
        return length >= (schema.Count("minLength") ?? 0) && length <= (schema.Count("maxLength") ?? int.MaxValue)
            && (schema["pattern"] is not { } pattern || Matches(text, pattern.GetString()!));
    }

    private static bool IsValidNumber(JsonElement value, Schema schema)
    {
        var number = Number(value);
        ExactNumber? Bound(string keyword) => schema[keyword] is { } bound ? Number(bound) : null;
        return (Bound("minimum") is not { } least || number >= least) && (Bound("maximum") is not { } most || number <= most)
            && (Bound("exclusiveMinimum") is not { } above || number > above) && (Bound("exclusiveMaximum") is not { } below || number < below)
            && (Bound("multipleOf") is not { } step || number.IsMultipleOf(step));
    }

    private bool IsValidArray(JsonElement value, Schema schema, int depth)
    {
        var count = value.GetArrayLength();
        if (count < (schema.Count("minItems") ?? 0) || count > (schema.Count("maxItems") ?? int.MaxValue)) return false;
        var items = new ItemSchemas(document, schema);
        return value.EnumerateArray().Select((item, index) => items.At(index) is not { } part || IsValid(item, part, depth + 1)).All(valid => valid);
    }

    private bool IsValidObject(JsonElement value, Schema schema, int depth)
    {
        var names = value.EnumerateObject().Select(property => property.Name).ToHashSet(StringComparer.Ordinal);
        if (names.Count < (schema.Count("minProperties") ?? 0) || names.Count > (schema.Count("maxProperties") ?? int.MaxValue)) return false;
        if (schema["required"] is { } required && required.EnumerateArray().Any(name => !names.Contains(name.GetString()!))) return false;
        var members = new MemberSchemas(document, schema, this);
        return value.EnumerateObject().All(property =>
            members.AcceptsName(property.Name) && members.Of(property.Name).All(part => IsValid(property.Value, part, depth + 1)));
    }
}
