using System.Text.Json;
using System.Text.Json.Serialization;

namespace InferenceServer.Requests;

/// <summary>One prompt: a text or token ids, never both.</summary>
public sealed record PromptItem(string? Text, IReadOnlyList<int> Tokens);

/// <summary>A string, an array of strings, an array of token ids, or an array of arrays of token ids.</summary>
[JsonConverter(typeof(PromptInputConverter))]
public sealed record PromptInput(IReadOnlyList<PromptItem> Items);

/// <summary>Reads and writes <see cref="PromptInput"/>.</summary>
public sealed class PromptInputConverter : JsonConverter<PromptInput>
{
    public override PromptInput Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String) return new PromptInput([new PromptItem(reader.GetString(), [])]);
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException();

        var items = new List<PromptItem>();
        var ids = new List<int>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.Number) ids.Add(Id(ref reader));
            else if (reader.TokenType == JsonTokenType.String) items.Add(new PromptItem(reader.GetString(), []));
            else if (reader.TokenType == JsonTokenType.StartArray) items.Add(new PromptItem(null, Ids(ref reader)));
            else throw new JsonException();
        }

        if (ids.Count == 0) return new PromptInput(items);
        return items.Count == 0 ? new PromptInput([new PromptItem(null, ids)]) : throw new JsonException();
    }

    public override void Write(Utf8JsonWriter writer, PromptInput value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var item in value.Items)
        {
            if (item.Text is not null) writer.WriteStringValue(item.Text);
            else WriteIds(writer, item.Tokens);
        }

        writer.WriteEndArray();
    }

    private static List<int> Ids(ref Utf8JsonReader reader)
    {
        var ids = new List<int>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) ids.Add(Id(ref reader));
        return ids;
    }

    private static int Id(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var id) ? id : throw new JsonException();

    private static void WriteIds(Utf8JsonWriter writer, IReadOnlyList<int> ids)
    {
        writer.WriteStartArray();
        foreach (var id in ids) writer.WriteNumberValue(id);
        writer.WriteEndArray();
    }
}
