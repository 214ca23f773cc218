using System.Text.Json;
using System.Text.Json.Nodes;

namespace InferenceServer.Tests.Support;

/// <summary>JSON sent letter by letter as it is written here, also where a number fits no type.</summary>
internal sealed class RawJson(string json)
{
    public JsonNode? Node => JsonValue.Create(JsonDocument.Parse(json).RootElement);
}
