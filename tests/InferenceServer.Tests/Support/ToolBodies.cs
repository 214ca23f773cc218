using System.Text.Json;
using System.Text.Json.Nodes;

namespace InferenceServer.Tests.Support;

/// <summary>Two functions in the words of every format, and what their calls must be.</summary>
internal static class ToolBodies
{
    public const string Weather =
        """{"type":"object","properties":{"city":{"type":"string","maxLength":8},"days":{"type":"integer","minimum":1,"maximum":9}},"required":["city","days"],"additionalProperties":false}""";

    private const string Description = "It does what it says.";

    /// <summary>As chat has them.</summary>
    public static JsonArray ChatTools() => new([.. FlatTools().Select(tool => (JsonNode)new JsonObject
    {
        ["type"] = "function",
        ["function"] = new JsonObject([.. tool!.AsObject().Where(field => field.Key != "type").Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone()))]),
    })]);

    /// <summary>As the Responses format has them.</summary>
    public static JsonArray FlatTools() => new(Flat("get_weather", JsonNode.Parse(Weather)), Flat("get_time", null));

    /// <summary>As Anthropic has them.</summary>
    public static JsonArray MessageTools() => new([.. FlatTools().Select(tool => (JsonNode)new JsonObject
    {
        ["name"] = tool!["name"]!.DeepClone(),
        ["description"] = tool["description"]!.DeepClone(),
        ["input_schema"] = tool["parameters"]?.DeepClone() ?? JsonNode.Parse("""{"type":"object","properties":{},"additionalProperties":false}"""),
    })]);

    public static void CheckCall(string name, string arguments)
    {
        var json = JsonDocument.Parse(arguments).RootElement;
        if (name == "get_time")
        {
            Assert.Equal("{}", string.Concat(arguments.Where(character => !char.IsWhiteSpace(character))));
            return;
        }

        Assert.Equal("get_weather", name);
        Assert.Equal(["city", "days"], json.EnumerateObject().Select(property => property.Name));
        Assert.InRange(json.GetProperty("days").GetInt32(), 1, 9);
    }

    private static JsonObject Flat(string name, JsonNode? parameters) => new()
    {
        ["type"] = "function",
        ["name"] = name,
        ["description"] = Description,
        ["parameters"] = parameters,
        ["strict"] = parameters is null ? null : true,
    };
}

/// <summary>A server with models that know tools: <c>tools</c> does not think, <c>thinker</c> does before it answers, <c>weigher</c> between its words.</summary>
public sealed class ToolServer : TestServer
{
    protected override IReadOnlyDictionary<string, string> ExtraSettings => new Dictionary<string, string>
    {
        ["Models:3:Path"] = TinyCheckpoint.Write(Path.Combine(Folder, "tools"), "tools", context: 2048),
        ["Models:4:Path"] = TinyCheckpoint.Write(Path.Combine(Folder, "thinker"), "tas-tools", context: 2048),
        ["Models:5:Path"] = TinyCheckpoint.Write(Path.Combine(Folder, "weigher"), "quiet_star-tools", context: 2048),
        ["Models:6:Path"] = Repository.Path("checkpoints/tas-stories"),
        ["Models:7:Path"] = Repository.Path("checkpoints/tpo-stories"),
    };
}
