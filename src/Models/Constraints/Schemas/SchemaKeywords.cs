using System.Collections.Frozen;

namespace InferenceServer.Models.Constraints.Schemas;

/// <summary>What is done with each keyword of JSON Schema (2020-12 and, where they say the same, older drafts).</summary>
internal static class SchemaKeywords
{
    /// <summary>Enforced.</summary>
    public static FrozenSet<string> Enforced { get; } = new[]
    {
        "$ref", "type", "enum", "const", "anyOf", "oneOf", "allOf", "properties", "required", "additionalProperties", "patternProperties", "propertyNames",
        "minProperties", "maxProperties", "items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems", "minLength", "maxLength", "pattern", "format",
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    }.ToFrozenSet();

    /// <summary>They describe, and assert nothing.</summary>
    public static FrozenSet<string> Annotations { get; } = new[]
    {
        "$schema", "$id", "$comment", "$defs", "definitions", "$anchor", "$vocabulary", "title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly",
        "contentEncoding", "contentMediaType", "contentSchema", "discriminator",
    }.ToFrozenSet();

    /// <summary>They assert what cannot be enforced token by token, or not by this server.</summary>
    public static FrozenSet<string> Unenforceable { get; } = new[]
    {
        "not", "if", "then", "else", "contains", "minContains", "maxContains", "dependentRequired", "dependentSchemas", "dependencies", "unevaluatedItems",
        "unevaluatedProperties", "$dynamicRef", "$recursiveRef", "$dynamicAnchor", "$recursiveAnchor",
    }.ToFrozenSet();

    public static IReadOnlyList<string> Types { get; } = ["object", "array", "string", "number", "integer", "boolean", "null"];
}
