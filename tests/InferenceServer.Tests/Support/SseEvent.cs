using System.Text.Json.Nodes;

namespace InferenceServer.Tests.Support;

/// <summary>One server-sent event as a client sees it; comments are not events.</summary>
public sealed record SseEvent(string? Name, string Data)
{
    public bool IsDone => Data == "[DONE]";

    public JsonObject Json => JsonNode.Parse(Data)!.AsObject();

    public static IReadOnlyList<SseEvent> Parse(string stream)
    {
        Assert.EndsWith("\n\n", stream, StringComparison.Ordinal);
        var events = new List<SseEvent>();
        foreach (var block in stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string? name = null;
            string? data = null;
            foreach (var line in block.Split('\n'))
            {
                if (line.StartsWith("event: ", StringComparison.Ordinal)) name = line["event: ".Length..];
                else if (line.StartsWith("data: ", StringComparison.Ordinal)) data = line["data: ".Length..];
                else Assert.StartsWith(":", line, StringComparison.Ordinal);
            }

            if (data is not null) events.Add(new SseEvent(name, data));
        }

        return events;
    }
}
