using System.Text.Json;

namespace InferenceServer.Models.Constraints.Schemas;

/// <summary>What one schema says of the members of an object.</summary>
internal sealed class MemberSchemas
{
    private readonly SchemaDocument _document;
    private readonly InstanceValidator _validator;
    private readonly Schema _schema;

    public MemberSchemas(SchemaDocument document, Schema schema, InstanceValidator validator)
    {
        (_document, _schema, _validator) = (document, schema, validator);
        Additional = schema["additionalProperties"] is { } json ? document.Part(schema, json, "additionalProperties") : null;
        NameSchema = schema["propertyNames"] is { } names ? document.Part(schema, names, "propertyNames") : null;
        Patterns = schema["patternProperties"] is { } patterns
            ? [.. patterns.EnumerateObject().Select(pattern => (pattern.Name, document.Part(schema, pattern.Value, "patternProperties", pattern.Name)))]
            : [];
        Names = schema["properties"] is { } properties ? [.. properties.EnumerateObject().Select(property => property.Name)] : [];
        Required = schema["required"] is { } required ? [.. required.EnumerateArray().Select(name => name.GetString()!)] : [];
    }

    public IReadOnlyList<string> Names { get; }

    public IReadOnlyList<string> Required { get; }

    public IReadOnlyList<(string Pattern, Schema Schema)> Patterns { get; }

    /// <summary>Of members that neither name nor pattern speaks of; null where nothing is said.</summary>
    public Schema? Additional { get; }

    /// <summary>Of the names themselves.</summary>
    public Schema? NameSchema { get; }

    /// <summary>Whether it speaks of certain members, so that others are beside the point unless it says otherwise.</summary>
    public bool NamesMembers => Names.Count > 0 || Patterns.Count > 0 || _schema["properties"] is not null;

    /// <summary>All that is said of a member.</summary>
    public IEnumerable<Schema> Of(string name)
    {
        var found = Patterns.Where(pattern => _validator.Matches(name, pattern.Pattern)).Select(pattern => pattern.Schema).ToList();
        if (_schema["properties"] is { } properties && properties.TryGetProperty(name, out var json)) found.Add(_document.Part(_schema, json, "properties", name));
        if (found.Count == 0 && Additional is { } additional) found.Add(additional);
        return found;
    }

    public bool AcceptsName(string name) => NameSchema is null || _validator.IsValid(JsonElement.Parse(JsonText.Quote(name)), NameSchema);
}
