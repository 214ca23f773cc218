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

    /// <summary>As an evaluation harness asks: a token behind each text, and the sum of all entries but the first and the last.</summary>
    [Theory]
    [InlineData("base-stories")]
    [InlineData("tas-stories")]
    [InlineData("quiet-star-stories")]
    [InlineData("tpo-stories")]
    [InlineData("icot-si-half")]
    [InlineData("icot-kd")]
    public async Task Texts_are_as_likely_as_the_recipe_says(string name)
    {
        var lines = File.ReadLines(Repository.Path($"tests/Models.Tests/GoldenScores/{name}.jsonl")).Take(6).Select(line => JsonNode.Parse(line)!).ToList();
        var body = Completion(model: name).With("prompt", new JsonArray([.. lines.Select(line => line["ids"]!.DeepClone())]))
            .With("echo", true).With("logprobs", 1).With("max_tokens", 1).With("temperature", 0);
        var choices = (await server.CallAsync(Completions, body))["choices"]!.AsArray();
        Assert.Equal(lines.Count, choices.Count);
        for (var i = 0; i < lines.Count; i++)
        {
            var expected = lines[i]["logprobs"]!.AsArray().Select(value => (double)value!).ToArray();
            var found = choices[i]!["logprobs"]!["token_logprobs"]!.AsArray();
            Assert.Equal(expected.Length + 2, found.Count);
            Assert.Null(found[0]);
            Assert.Equal(expected.Sum(), found.Skip(1).SkipLast(1).Sum(value => (double)value!), 1e-3 * Math.Max(1, -expected.Sum()));
        }
    }

    [Theory]
    [InlineData("echo")]
    [InlineData("prompt_logprobs")]
    public async Task A_prompt_that_is_read_in_both_directions_is_not_scored(string field)
    {
        var body = Completion(model: "bitune-stories").With("logprobs", 1).With(field, field == "echo" ? true : 1);
        using var response = await server.PostAsync(Completions, body);
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, response.StatusCode);
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;
        Assert.Equal((field, "unsupported_parameter"), ((string)error["param"]!, (string)error["code"]!));

        // Its prompt can be echoed all the same.
        Assert.StartsWith("Once upon a time", (string)(await server.CallAsync(Completions, Completion(model: "bitune-stories").With("echo", true)))["choices"]![0]!["text"]!, StringComparison.Ordinal);
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
