using System.Net;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Native;

/// <summary>A model that thinks before each answer token says in a few numbers what it thought, and all of it when asked.</summary>
public sealed class ThoughtViewTests(ThoughtViewTests.QuietServer server) : IClassFixture<ThoughtViewTests.QuietServer>
{
    private const int Answers = 24;

    [Fact]
    public async Task By_default_thoughts_are_summarised_in_every_format_and_the_answer_is_the_same()
    {
        var chat = await server.CallAsync(Chats, Chat(model: "quiet"));
        var all = await server.CallAsync(Chats, Chat(model: "quiet").With("thoughts", "all"));
        var (thought, answer) = Said(all);
        Assert.Equal((null, answer), Said(chat));
        Assert.NotNull(thought);
        Assert.Null(all["choices"]![0]!["thought_summary"]);
        var summary = chat["choices"]![0]!["thought_summary"]!;
        Assert.Equal((Answers, Answers * TinyCheckpoint.ThoughtLength), ((int)summary["thoughts"]!, (int)summary["tokens"]!));
        Assert.Equal(Usage(all), Usage(chat));
        Assert.Equal(Answers * TinyCheckpoint.ThoughtLength, Usage(chat).Reasoning);

        var stream = await server.StreamAsync(Chats, Chat(model: "quiet"));
        Assert.Equal(("", answer), Said(stream));
        Assert.True(JsonNode.DeepEquals(summary, Last(stream, "thought_summary")));
        var completion = await server.StreamAsync(Completions, Completion(model: "quiet"));
        Assert.Equal(Answers, (int)Last(completion, "thought_summary")!["thoughts"]!);
        Assert.True(JsonNode.DeepEquals(Last(completion, "thought_summary"), (await server.CallAsync(Completions, Completion(model: "quiet")))["choices"]![0]!["thought_summary"]));
    }

    [Fact]
    public async Task The_summary_is_what_the_single_thoughts_come_to()
    {
        var summarised = await server.CallAsync(Generate, Completion(model: "quiet").With("stream", false));
        Assert.Null(summarised["thought"]);
        var summary = summarised["done"]!["thought_summary"]!;
        var all = await server.StreamAsync(Generate, Completion(model: "quiet").With("thoughts", "all"));
        var thoughts = all.Where(item => item.Name == "thought").Select(item => item.Json).Chunk(TinyCheckpoint.ThoughtLength).ToList();
        var answers = all.Where(item => item.Name == "answer").Select(item => item.Json).ToList();
        float[] weights = [.. thoughts.Select(thought => (float)thought[0]["mix"]!)];
        Assert.Equal(answers.Select(token => (float)token["mix"]!), weights);
        Assert.Equal(weights.Length, (int)summary["thoughts"]!);
        Assert.Equal(weights.Average(), (float)summary["mean_weight"]!, 1e-5f);
        Assert.Equal((weights.Min(), weights.Max()), ((float)summary["min_weight"]!, (float)summary["max_weight"]!));
        var strongest = summary["strongest"]!.AsArray();
        Assert.Equal(weights.OrderDescending().Take(3), strongest.Select(thought => (float)thought!["weight"]!));
        var index = (int)strongest[0]!["index"]!;
        Assert.Equal(weights[index], weights.Max());
        Assert.Equal(string.Concat(thoughts[index].Select(token => (string)token["text"]!)), (string)strongest[0]!["text"]!);
        Assert.Null(all[^1].Json["thought_summary"]);
    }

    [Fact]
    public async Task Hidden_thoughts_have_no_summary_and_only_quiet_star_has_one()
    {
        var hidden = await server.CallAsync(Chats, Chat(model: "quiet").With("include_reasoning", false));
        Assert.Null(hidden["choices"]![0]!["thought_summary"]);
        Assert.Null(Said(hidden).Thought);
        var off = await server.CallAsync(Chats, Chat(model: "quiet").With("reasoning_effort", "none"));
        Assert.Null(off["choices"]![0]!["thought_summary"]);
        foreach (var (model, view) in (List<(string, string)>)[("tiny", "summary"), ("quiet", "some")])
        {
            using var refused = await server.PostAsync(Chats, Chat(model: model).With("thoughts", view));
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Equal("thoughts", (string?)JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["error"]!["param"]);
        }
    }

    private static JsonNode? Last(IReadOnlyList<SseEvent> stream, string field) => stream.Last(chunk => !chunk.IsDone).Json["choices"]![0]![field];

    public sealed class QuietServer : TestServer
    {
        protected override IReadOnlyDictionary<string, string> ExtraSettings =>
            new Dictionary<string, string> { ["Models:3:Path"] = TinyCheckpoint.Write(Path.Combine(Folder, "quiet"), "quiet_star") };
    }
}
