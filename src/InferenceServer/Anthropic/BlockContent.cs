using System.Text.Json;
using System.Text.Json.Serialization;

namespace InferenceServer.Anthropic;

/// <summary>A string, or an array of blocks.</summary>
[JsonConverter(typeof(BlockContentConverter))]
public sealed record BlockContent(IReadOnlyList<InputBlock> Blocks);

/// <summary>Reads and writes <see cref="BlockContent"/>.</summary>
public sealed class BlockContentConverter : JsonConverter<BlockContent>
{
    public override BlockContent Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String) return new BlockContent([new InputBlock { Type = "text", Text = reader.GetString() }]);
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException();
        var blocks = new List<InputBlock>();
        var type = options.GetTypeInfo(typeof(InputBlock));
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            blocks.Add((InputBlock?)JsonSerializer.Deserialize(ref reader, type) ?? throw new JsonException());
        return new BlockContent(blocks);
    }

    public override void Write(Utf8JsonWriter writer, BlockContent value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value.Blocks, options.GetTypeInfo(typeof(IReadOnlyList<InputBlock>)));
}
