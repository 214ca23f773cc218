using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.OpenAI;

/// <summary>
/// Every trained checkpoint of the repository behind one server, as a newcomer meets them: one JSON and one streamed request
/// each, against what the recipe's own generation says (the golden files of Models.Tests).
/// </summary>
public sealed class BundledCheckpointTests(BundledCheckpointTests.BundledServer server) : IClassFixture<BundledCheckpointTests.BundledServer>
{
    private const double Tie = 1e-4;

    private static readonly string Checkpoints = Repository.Path("checkpoints");

    public static TheoryData<string> Names => [.. Folders()];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task It_says_what_the_recipe_says_whole_and_streamed(string name)
    {
        var line = FirstCertain(name);
        var (path, body) = line["prompt"] is { } prompt
            ? (Completions, Completion((string)prompt!, name))
            : (Chats, Chat((string)line["user"]!, name));
        body.With("thoughts", "all").With("temperature", 0).With("max_tokens", (int?)line["max_tokens"] ?? 512);
        var expected = ((string?)line["thought"] ?? "", (string)line["answer"]!);
        var whole = await server.CallAsync(path, body);
        Assert.Equal(expected, path == Chats ? Whole(Said(whole)) : SaidInCompletion(whole));
        Assert.Equal(line["prompt_ids"]!.AsArray().Count, Usage(whole).Prompt);
        var stream = await server.StreamAsync(path, body);
        Assert.Equal(expected, path == Chats ? Said(stream) : SaidInCompletion(stream));
    }

    private static (string, string) Whole((string? Thought, string Answer) said) => (said.Thought ?? "", said.Answer);

    private static (string Thought, string Answer) SaidInCompletion(JsonObject completion)
    {
        var choice = completion["choices"]![0]!;
        return ((string?)choice["reasoning_content"] ?? "", (string)choice["text"]!);
    }

    private static (string Thought, string Answer) SaidInCompletion(IEnumerable<SseEvent> stream)
    {
        var choices = stream.Where(chunk => !chunk.IsDone).SelectMany(chunk => chunk.Json["choices"]!.AsArray()).ToList();
        return (string.Concat(choices.Select(choice => (string?)choice!["reasoning_content"])), string.Concat(choices.Select(choice => (string?)choice!["text"])));
    }

    private static IEnumerable<string> Folders() =>
        Directory.EnumerateDirectories(Checkpoints).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    private static JsonObject FirstCertain(string name)
    {
        var file = Repository.Path($"tests/Models.Tests/Golden/{name}.jsonl");
        Assert.True(File.Exists(file), $"checkpoints/{name} has no golden file {file}; its recipe writes one.");
        return File.ReadLines(file).Select(line => JsonNode.Parse(line)!.AsObject()).First(line => (double)line["gap"]! >= Tie);
    }

    public sealed class BundledServer : TestServer
    {
        protected override IReadOnlyDictionary<string, string> ExtraSettings =>
            Folders().Select((name, i) => KeyValuePair.Create($"Models:{i + 3}:Path", Path.Combine(Checkpoints, name))).ToDictionary();
    }
}
