using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Responses;

/// <summary>One generation in every wire format: the same thought, answer and counts, whole and streamed.</summary>
[Collection(SharedServer.Name)]
public sealed class SameWordsTests(TestServer server)
{
    private static readonly JsonObject Thinking = new() { ["type"] = "adaptive" };

    [Theory]
    [InlineData(3)]
    [InlineData(17)]
    [InlineData(101)]
    public async Task Chats_responses_and_messages_say_the_same(int seed)
    {
        var chat = await server.CallAsync(Chats, Chat().With("seed", seed));
        var expected = Said(chat);
        var (prompt, completion, total, reasoning) = Usage(chat);

        var response = await server.CallAsync(Answers, Response().With("seed", seed));
        Assert.Equal(expected, Items(response["output"]!.AsArray()));
        var usage = response["usage"]!;
        Assert.Equal(
            (prompt, completion, total, reasoning),
            ((int)usage["input_tokens"]!, (int)usage["output_tokens"]!, (int)usage["total_tokens"]!, (int)usage["output_tokens_details"]!["reasoning_tokens"]!));

        var message = await server.CallAsync(Messages, Chat().With("seed", seed).With("thinking", Thinking.DeepClone()));
        Assert.Equal(expected, (Text(message["content"]!, "thinking", "thinking"), Text(message["content"]!, "text", "text") ?? ""));
        Assert.Equal((completion, reasoning), ((int)message["usage"]!["output_tokens"]!, (int)message["usage"]!["output_tokens_details"]!["thinking_tokens"]!));

        var last = (await server.StreamAsync(Answers, Response().With("seed", seed)))[^1];
        Assert.Equal(last.Name, (string)last.Json["type"]!);
        Assert.Equal(response["output"]!.AsArray().Select(Words), last.Json["response"]!["output"]!.AsArray().Select(Words));
        Assert.Equal((string)response["status"]!, (string)last.Json["response"]!["status"]!);

        var events = await server.StreamAsync(Messages, Chat().With("seed", seed).With("thinking", Thinking.DeepClone()));
        Assert.All(events, entry => Assert.Equal(entry.Name, (string)entry.Json["type"]!));
        var deltas = events.Where(entry => entry.Name == "content_block_delta").Select(entry => entry.Json["delta"]!).ToList();
        Assert.Equal(expected, (string.Concat(deltas.Select(delta => (string?)delta["thinking"])), string.Concat(deltas.Select(delta => (string?)delta["text"]))));
    }

    [Fact]
    public async Task A_summary_is_the_thought_in_place_of_the_content_whole_streamed_and_sent_back()
    {
        var expected = Said(await server.CallAsync(Chats, Chat()));
        JsonObject Body() => Response().With("reasoning", new JsonObject { ["summary"] = "auto" });
        var response = await server.CallAsync(Answers, Body());
        Assert.Equal("auto", (string)response["reasoning"]!["summary"]!);
        var item = response["output"]![0]!.AsObject();
        Assert.Empty(item["content"]!.AsArray());
        var part = Assert.Single(item["summary"]!.AsArray())!;
        Assert.Equal(("summary_text", expected.Thought), ((string)part["type"]!, (string)part["text"]!));

        var events = await server.StreamAsync(Answers, Body());
        Assert.Equal(Enumerable.Range(0, events.Count), events.Select(entry => (int)entry.Json["sequence_number"]!));
        Assert.DoesNotContain(events, entry => entry.Name!.StartsWith("response.reasoning_text", StringComparison.Ordinal));
        Assert.Equal(expected.Thought, string.Concat(events.Where(entry => entry.Name == "response.reasoning_summary_text.delta").Select(entry => (string)entry.Json["delta"]!)));
        Assert.Equal(expected.Thought, (string)events.Single(entry => entry.Name == "response.reasoning_summary_part.done").Json["part"]!["text"]!);

        // Either form of an item is read the same.
        var plain = (await server.CallAsync(Answers, Response()))["output"]!.AsArray();
        JsonArray Turns(JsonArray output) => [.. output.Select(entry => entry!.DeepClone()), new JsonObject { ["role"] = "user", ["content"] = "And then?" }];
        var (one, other) = (await server.CallAsync(Answers, Response().With("input", Turns(plain))), await server.CallAsync(Answers, Response().With("input", Turns(response["output"]!.AsArray()))));
        Assert.Equal(Items(one["output"]!.AsArray()), Items(other["output"]!.AsArray()));
    }

    [Fact]
    public async Task Hidden_thoughts_are_hidden_in_every_format()
    {
        var chat = await server.CallAsync(Chats, Chat().With("include_reasoning", false));
        var response = await server.CallAsync(Answers, Response().With("include_reasoning", false));
        Assert.Equal((null, Said(chat).Answer), Items(response["output"]!.AsArray()));
        Assert.True(Usage(chat).Reasoning > 0);

        var events = await server.StreamAsync(Answers, Response().With("include_reasoning", false));
        Assert.DoesNotContain(events, entry => entry.Data.Contains("reasoning_text", StringComparison.Ordinal));
        var message = await server.StreamAsync(Messages, Chat().With("thinking", new JsonObject { ["type"] = "adaptive", ["display"] = "omitted" }));
        Assert.DoesNotContain(message, entry => entry.Data.Contains("\"thinking\"", StringComparison.Ordinal));
        Assert.Contains(message, entry => entry.Data.Contains("text_delta", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_bound_on_thoughts_is_the_same_under_every_name()
    {
        var chat = Said(await server.CallAsync(Chats, Chat().With("thinking_token_budget", 5)));
        Assert.Equal(5, chat.Thought!.Length);
        var message = await server.CallAsync(Messages, Chat().With("thinking", new JsonObject { ["type"] = "enabled", ["budget_tokens"] = 5 }));
        Assert.Equal(chat, (Text(message["content"]!, "thinking", "thinking"), Text(message["content"]!, "text", "text") ?? ""));
        var none = await server.CallAsync(Answers, Response().With("reasoning", new JsonObject { ["effort"] = "none" }));
        var off = await server.CallAsync(Messages, Chat().With("thinking", new JsonObject { ["type"] = "disabled" }));
        Assert.Equal(Items(none["output"]!.AsArray()).Answer, Text(off["content"]!, "text", "text"));
        Assert.Null(Items(none["output"]!.AsArray()).Thought);
    }

    private static (string? Thought, string Answer) Items(JsonArray output) => (
        output.Where(item => (string)item!["type"]! == "reasoning").Select(Words).Aggregate((string?)null, (all, text) => all + text),
        string.Concat(output.Where(item => (string)item!["type"]! == "message").Select(Words)));

    private static string Words(JsonNode? item) => string.Concat(item!["content"]!.AsArray().Select(part => (string)part!["text"]!));

    private static string? Text(JsonNode blocks, string type, string field) =>
        blocks.AsArray().Where(block => (string)block!["type"]! == type).Select(block => (string?)block![field]).Aggregate((string?)null, (all, text) => all + text);
}
