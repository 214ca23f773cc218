using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;

namespace InferenceServer.Tests.Engine;

/// <summary>Requests of many lengths to the bundled checkpoint, each named by a number.</summary>
internal static class StoryRequests
{
    private static readonly string[] Names = ["Lucy", "Martin", "Eva", "Robert", "Vera"];
    private static readonly string[] Things = ["shells", "badges", "rocks", "keys", "pearls", "coins"];
    private static readonly string[] Turns = ["finds", "buys", "loses", "sells"];

    public static JsonObject Completion(int index) => Shape(Bodies.Completion(Text(index), EngineServer.Model), index);

    public static JsonObject Chat(int index) => Shape(Bodies.Chat(Text(index), EngineServer.Model), index);

    private static JsonObject Shape(JsonObject body, int index)
    {
        body.With("seed", index).With("max_tokens", 24 + (index * 7 % 90)).With("temperature", index % 4 == 0 ? 0 : 1);
        return index % 3 == 0 ? body : body.With("thinking_token_budget", index * 5 % 50);
    }

    private static string Text(int index)
    {
        var (name, things) = (Names[index % Names.Length], Things[index / 2 % Things.Length]);
        var turns = Enumerable.Range(0, 1 + (index % 4)).Select(turn => $"{name} {Turns[(index + turn) % Turns.Length]} {1 + ((index + turn) % 6)} {things}. ");
        return $"{name} starts with {30 + (index % 17)} {things}. {string.Concat(turns)}How many {things} does {name} have in the end?";
    }
}
