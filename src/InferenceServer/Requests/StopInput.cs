using System.Text.Json;
using System.Text.Json.Serialization;

namespace InferenceServer.Requests;

/// <summary>A string or an array of strings.</summary>
[JsonConverter(typeof(StopInputConverter))]
public sealed record StopInput(IReadOnlyList<string> Strings);

/// <summary>Reads and writes <see cref="StopInput"/>.</summary>
public sealed class StopInputConverter : JsonConverter<StopInput>
{
    public override StopInput Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String) return new StopInput([reader.GetString()!]);
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException();
        var strings = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            strings.Add(reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException());
        return new StopInput(strings);
    }

    public override void Write(Utf8JsonWriter writer, StopInput value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var text in value.Strings) writer.WriteStringValue(text);
        writer.WriteEndArray();
    }
}
