using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Native;

/// <summary>What other heads would have said, over HTTP.</summary>
[Collection(SharedServer.Name)]
public sealed class PeekTests(TestServer server)
{
    private const int Top = 3;

    [Fact]
    public async Task Every_token_is_seen_by_the_other_head_and_no_token_changes()
    {
        var plain = await server.CallAsync(Generate, Completion().With("stream", false).With("thinking_token_budget", 5));
        var whole = await server.CallAsync(Generate, Peeking().With("stream", false));
        foreach (var (channel, layer) in new[] { ("thought", TinyCheckpoint.Layers), ("answer", TinyCheckpoint.ThinkingLayer) })
        {
            var tokens = whole[channel]!["tokens"]!.AsArray();
            Assert.NotEmpty(tokens);
            foreach (var token in tokens)
            {
                var peek = Assert.Single(token!["peek"]!.AsArray())!;
                Assert.Equal(layer, (int)peek["layer"]!);
                var logprobs = peek["top"]!.AsArray().Select(top => (double)top!["logprob"]!).ToList();
                Assert.Equal(Top, logprobs.Count);
                Assert.Equal(logprobs.OrderDescending(), logprobs);
                token.AsObject().Remove("peek");
            }

            Assert.True(JsonNode.DeepEquals(plain[channel], whole[channel]));
        }
    }

    [Fact]
    public async Task A_stream_tells_of_answers_at_once_and_of_thoughts_when_they_have_passed_the_top()
    {
        var events = await server.StreamAsync(Generate, Peeking());
        var whole = await server.CallAsync(Generate, Peeking().With("stream", false));
        var names = events.Select(entry => entry.Name).ToList();
        var late = events.Where(entry => entry.Name == "peek").Select(entry => entry.Json).ToList();
        Assert.Equal(Enumerable.Range(0, 5), late.Select(peek => (int)peek["index"]!));
        Assert.All(late, peek => Assert.Equal("thought", (string?)peek["channel"]));
        Assert.InRange(names.IndexOf("peek"), names.LastIndexOf("thought") + 1, names.IndexOf("answer") - 1);
        for (var i = 0; i < late.Count; i++) Assert.True(JsonNode.DeepEquals(late[i]["top"], whole["thought"]!["tokens"]![i]!["peek"]![0]!["top"]));
        var answers = events.Where(entry => entry.Name == "answer").Select(entry => entry.Json["peek"]);
        Assert.True(JsonNode.DeepEquals(new JsonArray([.. answers.Select(peek => peek!.DeepClone())]), new JsonArray([.. whole["answer"]!["tokens"]!.AsArray().Select(token => token!["peek"]!.DeepClone())])));
    }

    [Fact]
    public async Task It_does_not_depend_on_company()
    {
        var alone = await server.CallAsync(Generate, Peeking().With("stream", false));
        var others = Enumerable.Range(0, 12).Select(i => server.CallAsync(Generate, (i % 2 == 0 ? Peeking() : Completion()).With("stream", false).With("seed", i))).ToList();
        var again = await server.CallAsync(Generate, Peeking().With("stream", false));
        await Task.WhenAll(others);
        Assert.True(JsonNode.DeepEquals(alone["thought"], again["thought"]));
        Assert.True(JsonNode.DeepEquals(alone["answer"], again["answer"]));
    }

    [Theory]
    [InlineData("tiny", """{"layers":[]}""", "peek.layers", "invalid_value")]
    [InlineData("tiny", """{"layers":[1]}""", "peek.layers", "invalid_value")]
    [InlineData("tiny", """{"layers":[2],"top":0}""", "peek.top", "invalid_value")]
    [InlineData("tiny", """{"layers":[2],"top":21}""", "peek.top", "invalid_value")]
    [InlineData("tiny", """{"layers":[2],"bottom":1}""", "peek.bottom", "unknown_parameter")]
    [InlineData("tiny", """{"layers":"all"}""", "peek.layers", "invalid_type")]
    [InlineData("tiny", """{}""", "peek", "invalid_type")]
    [InlineData("tiny", """[2]""", "peek", "invalid_type")]
    [InlineData("plain", """{"layers":[2]}""", "peek", "unsupported_parameter")]
    [InlineData("plain", """{"layers":[4]}""", "peek", "unsupported_parameter")]
    public async Task What_cannot_be_seen_is_refused(string model, string peek, string param, string code)
    {
        using var response = await server.PostAsync(Generate, Completion(model: model).With("peek", JsonNode.Parse(peek)));
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;
        Assert.Equal((400, param, code), ((int)response.StatusCode, (string?)error["param"], (string?)error["code"]));
    }

    [Fact]
    public async Task Hidden_thoughts_are_not_seen_from_elsewhere()
    {
        using var response = await server.PostAsync(Generate, Peeking().With("include_reasoning", false));
        Assert.Equal("conflicting_parameters", (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["code"]);
    }

    [Fact]
    public async Task Other_endpoints_have_no_word_for_it()
    {
        using var response = await server.PostAsync(Chats, Chat().With("peek", new JsonObject { ["layers"] = new JsonArray(2) }));
        Assert.Equal("unknown_parameter", (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["code"]);
    }

    [Fact]
    public async Task Models_tell_which_heads_they_have()
    {
        var models = JsonNode.Parse(await server.Http.GetStringAsync("/v1/models"))!["data"]!.AsArray();
        Assert.Equal("""[{"layer":2,"channel":"thought"},{"layer":4,"channel":"answer"}]""", Heads(models, "tiny"));
        Assert.Equal("""[{"layer":4,"channel":"answer"}]""", Heads(models, "plain"));
    }

    private static string Heads(JsonArray models, string id) => models.First(model => (string?)model!["id"] == id)!["heads"]!.ToJsonString();

    private static JsonObject Peeking() => Completion().With("thinking_token_budget", 5).With(
        "peek", new JsonObject { ["layers"] = new JsonArray(TinyCheckpoint.ThinkingLayer, TinyCheckpoint.Layers), ["top"] = Top });
}
