using System.Text.Json;

namespace InferenceServer.Models.Tokenization.Json;

/// <summary>A JSON value that knows where it stands, so that errors can name the file and the JSON path.</summary>
internal readonly record struct JsonField(JsonElement Element, string File, string Path)
{
    public string Type => Required("type").AsString();

    public bool IsNull => Element.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined;

    /// <summary>The member, or null where it is absent or JSON null.</summary>
    public JsonField? Optional(string name)
    {
        if (Element.ValueKind != JsonValueKind.Object)
            throw Error("an object", Describe());
        return Element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? new JsonField(value, File, $"{Path}.{name}")
            : null;
    }

    public JsonField Required(string name) =>
        Optional(name) ?? throw new JsonField(default, File, $"{Path}.{name}").Error("a value", "nothing");

    public IEnumerable<JsonField> Items()
    {
        if (Element.ValueKind != JsonValueKind.Array)
            throw Error("an array", Describe());
        var (file, path) = (File, Path);
        return Element.EnumerateArray().Select((item, i) => new JsonField(item, file, $"{path}[{i}]"));
    }

    public IEnumerable<(string Name, JsonField Value)> Members()
    {
        if (Element.ValueKind != JsonValueKind.Object)
            throw Error("an object", Describe());
        var (file, path) = (File, Path);
        return Element.EnumerateObject().Select(m => (m.Name, new JsonField(m.Value, file, $"{path}.{m.Name}")));
    }

    public string AsString() => Element.ValueKind == JsonValueKind.String ? Element.GetString()! : throw Error("a string", Describe());

    public int AsInt() =>
        Element.ValueKind == JsonValueKind.Number && Element.TryGetInt32(out var value) ? value : throw Error("an integer", Describe());

    public string String(string name, string fallback) => Optional(name)?.AsString() ?? fallback;

    public string? StringOrNull(string name) => Optional(name)?.AsString();

    public int Int(string name, int fallback) => Optional(name)?.AsInt() ?? fallback;

    public bool Bool(string name, bool fallback) => BoolOrNull(name) ?? fallback;

    public bool? BoolOrNull(string name) => Optional(name) is not { } field ? null : field.Element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw field.Error("true or false", field.Describe()),
    };

    /// <summary>A string of exactly one character (code point), as separators are given.</summary>
    public string OneCharacter(string name, string fallback)
    {
        var value = String(name, fallback);
        return value.EnumerateRunes().Count() == 1 ? value : throw Required(name).Error("one character", $"'{value}'");
    }

    public InvalidDataException Error(string expected, string found) => new($"{File}: {Path}: expected {expected}, found {found}.");

    public InvalidDataException Unsupported(string kind, string supported) =>
        new($"{File}: {Path}.type: expected one of {supported}, found '{Type}': this {kind} is not supported.");

    public string Describe() => Element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.Undefined => "nothing",
        JsonValueKind.String => Element.GetString() is { Length: <= 60 } text ? $"\"{text}\"" : "a long string",
        _ => Element.GetRawText(),
    };
}
