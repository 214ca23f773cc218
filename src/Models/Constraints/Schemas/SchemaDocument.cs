using System.Globalization;
using System.Text.Json;

namespace InferenceServer.Models.Constraints.Schemas;

/// <summary>A JSON Schema and its parts, found by where they stand; each is checked when it is first asked for.</summary>
internal sealed class SchemaDocument
{
    private readonly JsonElement _root;
    private readonly Dictionary<string, Schema> _schemas = new(StringComparer.Ordinal);
    private readonly SchemaCheck _check;
    private readonly CompileBudget _budget;

    /// <param name="strict">Whether keywords that JSON Schema does not know are refused, instead of being annotations.</param>
    public SchemaDocument(JsonElement root, bool strict, CompileBudget budget)
    {
        (_root, _check, _budget) = (root, new SchemaCheck(strict), budget);
        Root = At("", root);
    }

    public Schema Root { get; }

    /// <summary>Whatever is JSON.</summary>
    public Schema Anything => At("\0true", TrueJson);

    /// <summary>Whatever is a JSON object.</summary>
    public Schema Object => At("\0object", ObjectJson);

    private static JsonElement ObjectJson { get; } = JsonElement.Parse("""{"type":"object"}""");

    private static JsonElement TrueJson { get; } = JsonElement.Parse("true");

    /// <summary>A part of a schema, by keyword and key or index.</summary>
    public Schema Part(Schema of, JsonElement json, params ReadOnlySpan<string> path)
    {
        var pointer = of.Pointer;
        foreach (var step in path) pointer += "/" + step.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
        return At(pointer, json);
    }

    public IEnumerable<Schema> Parts(Schema of, string keyword) => of[keyword] is not { } list
        ? []
        : list.EnumerateArray().Select((json, index) => Part(of, json, keyword, index.ToString(CultureInfo.InvariantCulture)));

    /// <summary>What a <c>$ref</c> names.</summary>
    /// <exception cref="ConstraintException">It is not in this document.</exception>
    public Schema Target(Schema of)
    {
        var reference = of["$ref"]!.Value.GetString()!;
        if (reference.Length == 0 || reference[0] != '#')
            throw ConstraintException.Unsupported($"{Where(of.Pointer)}: '$ref' may only name a part of the same schema, such as '#/$defs/name'; nothing is fetched.");
        var (pointer, at) = ("", _root);
        var path = Uri.UnescapeDataString(reference[1..]);
        if (path.Length > 0 && path[0] != '/') throw Missing(of, reference);
        foreach (var step in path.Split('/').Skip(1))
        {
            var name = step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            pointer += "/" + step;
            if (at.ValueKind == JsonValueKind.Object && at.TryGetProperty(name, out var member)) at = member;
            else if (at.ValueKind == JsonValueKind.Array && int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < at.GetArrayLength()) at = at[index];
            else throw Missing(of, reference);
        }

        return At(pointer, at);
    }

    public static string Where(string pointer) => pointer.Length == 0 ? "The schema" : $"The schema at {(pointer.Length <= 120 ? pointer : pointer[..120] + "…")}";

    private static ConstraintException Missing(Schema of, string reference) =>
        ConstraintException.Invalid($"{Where(of.Pointer)}: '$ref' names '{(reference.Length <= 80 ? reference : reference[..80] + "…")}', which is not there.");

    private Schema At(string pointer, JsonElement json)
    {
        if (_schemas.TryGetValue(pointer, out var known)) return known;
        _budget.Schema();
        var schema = new Schema(_schemas.Count, pointer, json);
        _check.Check(schema);
        return _schemas[pointer] = schema;
    }
}
