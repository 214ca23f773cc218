using System.Text.Json;
using System.Text.Json.Serialization;
using InferenceServer.Requests;

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
        return new BlockContent(NestedJson.ReadArray<InputBlock>(ref reader, options));
    }

    public override void Write(Utf8JsonWriter writer, BlockContent value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value.Blocks, options.GetTypeInfo(typeof(IReadOnlyList<InputBlock>)));
}
