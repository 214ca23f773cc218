using System.Text.Json;

namespace InferenceServer.Models.Constraints.Schemas;

/// <summary>One subschema, its keywords' shapes checked.</summary>
/// <param name="Id">Its number in the document.</param>
/// <param name="Pointer">Where it stands, for messages.</param>
/// <param name="Json">An object, or a boolean.</param>
internal sealed record Schema(int Id, string Pointer, JsonElement Json)
{
    /// <summary>Nothing satisfies it.</summary>
    public bool IsFalse => Json.ValueKind == JsonValueKind.False;

    public JsonElement? this[string keyword] => Json.ValueKind == JsonValueKind.Object && Json.TryGetProperty(keyword, out var value) ? value : null;

    public int? Count(string keyword) => this[keyword] is { } value ? value.TryGetInt32(out var count) ? count : (int)Math.Min(value.GetDouble(), int.MaxValue) : null;

    public IReadOnlyList<string> Types => this["type"] switch
    {
        null => SchemaKeywords.Types,
        { ValueKind: JsonValueKind.String } type => [type.GetString()!],
        { } types => [.. types.EnumerateArray().Select(type => type.GetString()!)],
    };

    /// <summary>The values it lists; null where it lists none.</summary>
    public IReadOnlyList<JsonElement>? Values => this["const"] is { } value ? [value] : this["enum"] is { } values ? [.. values.EnumerateArray()] : null;

    public bool Equals(Schema? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => Id;
}
