using System.Globalization;
using System.Text.Json;

namespace InferenceServer.Models.Constraints.Schemas;

/// <summary>What one schema says of the items of an array, in the words of 2020-12 (<c>prefixItems</c>) or of older drafts (a list of <c>items</c>).</summary>
internal sealed class ItemSchemas
{
    private readonly Schema[] _prefix;
    private readonly Schema? _rest;

    public ItemSchemas(SchemaDocument document, Schema schema)
    {
        var listed = schema["items"] is { ValueKind: JsonValueKind.Array };
        var keyword = listed ? "items" : "prefixItems";
        _prefix = schema[keyword] is { } list
            ? [.. list.EnumerateArray().Select((json, index) => document.Part(schema, json, keyword, index.ToString(CultureInfo.InvariantCulture)))]
            : [];
        var rest = listed ? "additionalItems" : "items";
        _rest = schema[rest] is { } others ? document.Part(schema, others, rest) : null;
    }

    /// <summary>Items that are named one by one.</summary>
    public int Count => _prefix.Length;

    /// <summary>Null where nothing is said.</summary>
    public Schema? At(int index) => index < _prefix.Length ? _prefix[index] : _rest;
}
