using System.Text.Json;

namespace InferenceServer.Models.Constraints.Schemas;

/// <summary>Whether a subschema is one: every keyword known, or an annotation, and of the type it must have.</summary>
internal sealed class SchemaCheck(bool strict)
{
    /// <exception cref="ConstraintException">It is not, or asks for something that cannot be enforced.</exception>
    public void Check(Schema schema)
    {
        if (schema.Json.ValueKind is JsonValueKind.True or JsonValueKind.False) return;
        if (schema.Json.ValueKind != JsonValueKind.Object) throw Invalid(schema, "must be an object, true or false");
        foreach (var property in schema.Json.EnumerateObject())
        {
            var name = property.Name;
            if (SchemaKeywords.Annotations.Contains(name)) continue;
            if (SchemaKeywords.Unenforceable.Contains(name))
                throw ConstraintException.Unsupported($"{SchemaDocument.Where(schema.Pointer)}: '{name}' cannot be enforced.");
            if (SchemaKeywords.Enforced.Contains(name)) Check(schema, name, property.Value);
            else if (strict)
                throw ConstraintException.Unsupported($"{SchemaDocument.Where(schema.Pointer)}: '{(name.Length <= 40 ? name : name[..40] + "…")}' is no keyword of JSON Schema, which 'strict' does not allow.");
        }
    }

    private void Check(Schema schema, string keyword, JsonElement value)
    {
        switch (keyword)
        {
            case "type":
                CheckTypes(schema, value);
                break;
            case "$ref" or "pattern":
                Require(schema, keyword, value.ValueKind == JsonValueKind.String, "a string");
                break;
            case "format":
                Require(schema, keyword, value.ValueKind == JsonValueKind.String, "a string");
                if (strict && !StringFormats.Knows(value.GetString()!))
                    throw ConstraintException.Unsupported($"{SchemaDocument.Where(schema.Pointer)}: this 'format' cannot be enforced, which 'strict' demands; formats are {string.Join(", ", StringFormats.Names)}.");
                break;
            case "enum":
                Require(schema, keyword, value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0, "a list of values that is not empty");
                break;
            case "anyOf" or "oneOf" or "allOf":
                Require(schema, keyword, value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0, "a list of schemas that is not empty");
                break;
            case "prefixItems":
                Require(schema, keyword, value.ValueKind == JsonValueKind.Array, "a list of schemas");
                break;
            case "properties" or "patternProperties":
                Require(schema, keyword, value.ValueKind == JsonValueKind.Object, "an object of schemas");
                break;
            case "required":
                Require(schema, keyword, value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(name => name.ValueKind == JsonValueKind.String), "a list of names");
                break;
            case "minProperties" or "maxProperties" or "minItems" or "maxItems" or "minLength" or "maxLength":
                Require(schema, keyword, value.ValueKind == JsonValueKind.Number && value.GetDouble() is >= 0 and var number && Math.Floor(number) == number, "a whole number that is not negative");
                break;
            case "minimum" or "maximum" or "exclusiveMinimum" or "exclusiveMaximum":
                Require(schema, keyword, value.ValueKind == JsonValueKind.Number, "a number");
                break;
            case "multipleOf":
                Require(schema, keyword, value.ValueKind == JsonValueKind.Number && value.GetDouble() > 0, "a number above 0");
                break;
            case "uniqueItems":
                Require(schema, keyword, value.ValueKind is JsonValueKind.True or JsonValueKind.False, "true or false");
                if (value.ValueKind == JsonValueKind.True)
                    throw ConstraintException.Unsupported($"{SchemaDocument.Where(schema.Pointer)}: 'uniqueItems' cannot be enforced.");
                break;
            default:
                break; // const holds any value; schemas are checked where they are used
        }
    }

    private static void CheckTypes(Schema schema, JsonElement value)
    {
        const string Expected = "the name of a type, or a list of some";
        var names = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToList() : [value];
        Require(schema, "type", names.Count > 0 && names.TrueForAll(name => name.ValueKind == JsonValueKind.String && SchemaKeywords.Types.Contains(name.GetString()!)), Expected);
    }

    private static void Require(Schema schema, string keyword, bool holds, string expected)
    {
        if (!holds) throw Invalid(schema, $"has a '{keyword}' that is not {expected}");
    }

    private static ConstraintException Invalid(Schema schema, string what) => ConstraintException.Invalid($"{SchemaDocument.Where(schema.Pointer)} {what}.");
}
