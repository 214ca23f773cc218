using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Native;

[Collection(SharedServer.Name)]
public sealed class GenerateTests(TestServer server)
{
    [Fact]
    public async Task Every_token_says_its_channel_layer_index_and_id()
    {
        var events = await server.StreamAsync(Generate, Completion().With("thinking_token_budget", 5));
        var thoughts = events.Where(entry => entry.Name == "thought").Select(entry => entry.Json).ToList();
        var answers = events.Where(entry => entry.Name == "answer").Select(entry => entry.Json).ToList();
        Assert.Equal(5, thoughts.Count);
        Assert.Equal(19, answers.Count);
        Assert.All(thoughts, token => Assert.Equal(TinyCheckpoint.ThinkingLayer, (int)token["layer"]!));
        Assert.All(answers, token => Assert.Equal(TinyCheckpoint.Layers, (int)token["layer"]!));
        Assert.Equal(Enumerable.Range(0, 19), answers.Select(token => (int)token["index"]!));
        Assert.All(answers, token => Assert.InRange((int)token["id"]!, 0, TinyCheckpoint.VocabularySize - 1));
        Assert.Equal("start", events[0].Name);
        Assert.StartsWith("gen-", (string?)events[0].Json["id"], StringComparison.Ordinal);
        Assert.All(events.Skip(1).SkipLast(2), entry => Assert.Equal(entry.Name, (string?)entry.Json["channel"]));
        Assert.Equal("usage", events[^2].Name);
        Assert.Equal("done", events[^1].Name);
        Assert.Equal("budget", (string?)events[^1].Json["thought_closed_by"]);
        Assert.Equal("length", (string?)events[^1].Json["finish_reason"]);
    }

    [Fact]
    public async Task The_json_form_holds_what_the_stream_says()
    {
        var events = await server.StreamAsync(Generate, Completion());
        var whole = await server.CallAsync(Generate, Completion().With("stream", false));
        foreach (var channel in new[] { "thought", "answer" })
        {
            var tokens = events.Where(entry => entry.Name == channel).Select(entry => entry.Json).ToList();
            Assert.True(JsonNode.DeepEquals(new JsonArray([.. tokens]), whole[channel]!["tokens"]));
            Assert.Equal((string?)whole[channel]!["text"], string.Concat(tokens.Select(token => (string?)token["text"])));
        }

        Assert.Equal(Usage(whole), Counts(events[^2].Json));
    }

    [Fact]
    public async Task It_says_the_same_as_the_other_endpoints()
    {
        var completion = await server.CallAsync(Completions, Completion());
        var generate = await server.CallAsync(Generate, Completion().With("stream", false));
        Assert.Equal((string?)completion["choices"]![0]!["text"], (string?)generate["answer"]!["text"]);
        var chat = await server.CallAsync(Chats, Chat());
        var messages = await server.CallAsync(Generate, Chat().With("stream", false));
        Assert.Equal(Said(chat).Answer, (string?)messages["answer"]!["text"]);
    }

    [Theory]
    [InlineData("Because.", "supplied")]
    [InlineData("", "supplied")]
    public async Task A_supplied_thought_is_named_as_such(string thought, string closedBy)
    {
        var whole = await server.CallAsync(Generate, Completion().With("stream", false).With("thought", thought));
        Assert.Equal(closedBy, (string?)whole["done"]!["thought_closed_by"]);
        Assert.Empty(whole["thought"]!["tokens"]!.AsArray());
    }
}
