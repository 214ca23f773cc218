using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.OpenAI;

[Collection(SharedServer.Name)]
public sealed class CompletionTests(TestServer server)
{
    [Theory]
    [InlineData("tiny")]
    [InlineData("plain")]
    public async Task A_stream_adds_up_to_the_text_that_is_not_streamed(string model)
    {
        var choice = (await server.CallAsync(Completions, Completion(model: model)))["choices"]![0]!;
        var events = await server.StreamAsync(Completions, Completion(model: model));
        var chunks = events.Where(chunk => !chunk.IsDone).Select(chunk => chunk.Json["choices"]![0]!).ToList();
        Assert.True(events[^1].IsDone);
        Assert.Equal((string?)choice["text"], string.Concat(chunks.Select(chunk => (string?)chunk["text"])));
        Assert.Equal((string?)choice["reasoning_content"] ?? "", string.Concat(chunks.Select(chunk => (string?)chunk["reasoning_content"])));
        Assert.Equal(model == "tiny", choice["reasoning_content"] is not null);
        Assert.Equal("length", (string?)chunks[^1]["finish_reason"]);
    }

    [Fact]
    public async Task A_prompt_may_be_text_or_the_ids_of_its_tokens()
    {
        var ids = new JsonArray([.. "Once upon a time".Select(letter => (JsonNode)(int)letter)]);
        var text = await server.CallAsync(Completions, Completion());
        Assert.Equal(Texts(text), Texts(await server.CallAsync(Completions, Completion().With("prompt", ids))));
        Assert.Equal(Texts(text), Texts(await server.CallAsync(Completions, Completion().With("prompt", new JsonArray(ids.DeepClone())))));
        Assert.Equal(16, Usage(text).Prompt);
    }

    [Fact]
    public async Task Several_prompts_give_what_each_gives_alone()
    {
        string[] prompts = ["Once upon a time", "There was a king", "Far away"];
        var together = await server.CallAsync(Completions, Completion().With("prompt", new JsonArray([.. prompts.Select(prompt => (JsonNode)prompt)])));
        var alone = new List<string>();
        foreach (var prompt in prompts) alone.AddRange(Texts(await server.CallAsync(Completions, Completion(prompt))));
        Assert.Equal(alone, Texts(together));
        Assert.Equal(prompts.Sum(prompt => prompt.Length), Usage(together).Prompt);
        Assert.Equal(3 * 24, Usage(together).Completion);
    }

    [Fact]
    public async Task Special_tokens_in_a_prompt_count_as_such()
    {
        var usage = Usage(await server.CallAsync(Completions, Completion("<|bos|>ab")));
        Assert.Equal(3, usage.Prompt);
    }

    [Fact]
    public async Task Log_probabilities_come_by_column()
    {
        var response = await server.CallAsync(Completions, Completion().With("logprobs", 2).With("thinking_token_budget", 4));
        var choice = response["choices"]![0]!;
        var answer = Usage(response).Completion - Usage(response).Reasoning;
        var columns = choice["logprobs"]!;
        Assert.Equal((string?)choice["text"], string.Concat(columns["tokens"]!.AsArray().Select(token => (string?)token)));
        Assert.Equal(answer, columns["token_logprobs"]!.AsArray().Count);
        Assert.Equal(answer, columns["top_logprobs"]!.AsArray().Count);
        Assert.Equal(0, (int)columns["text_offset"]![0]!);
        Assert.Equal(4, choice["reasoning_logprobs"]!["tokens"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_bound_beyond_the_context_ends_where_the_context_does()
    {
        var response = await server.CallAsync(Completions, Completion(model: "plain").With("max_tokens", int.MaxValue).With("temperature", 0));
        var usage = Usage(response);
        Assert.True(usage.Total <= TinyCheckpoint.Context);
        if (usage.Total < TinyCheckpoint.Context) Assert.Equal("stop", (string?)response["choices"]![0]!["finish_reason"]);
    }

    [Fact]
    public async Task Fields_that_change_nothing_are_accepted()
    {
        var response = await server.CallAsync(Completions, Completion()
            .With("user", "someone").With("metadata", new JsonObject { ["a"] = "b" }).With("store", false).With("echo", false)
            .With("best_of", 1).With("suffix", null).With("presence_penalty", 0).With("response_format", new JsonObject { ["type"] = "text" }));
        Assert.Equal(Texts(await server.CallAsync(Completions, Completion())), Texts(response));
    }

    [Fact]
    public async Task An_echo_puts_each_prompt_before_its_choices()
    {
        var plain = Texts(await server.CallAsync(Completions, Completion().With("prompt", new JsonArray("One", "Two")).With("n", 2)));
        var body = Completion().With("prompt", new JsonArray("One", "Two")).With("n", 2).With("echo", true);
        var expected = plain.Select((text, index) => (index < 2 ? "One" : "Two") + text).ToList();
        Assert.Equal(expected, Texts(await server.CallAsync(Completions, body)));
        var streamed = await server.StreamAsync(Completions, body);
        for (var choice = 0; choice < 4; choice++)
        {
            var parts = streamed.SkipLast(1).SelectMany(chunk => chunk.Json["choices"]!.AsArray()).Where(part => (int)part!["index"]! == choice);
            Assert.Equal(expected[choice], string.Concat(parts.Select(part => (string?)part!["text"])));
        }

        var ids = Completion().With("prompt", new JsonArray(79, 110)).With("echo", true);
        Assert.StartsWith("On", Texts(await server.CallAsync(Completions, ids))[0], StringComparison.Ordinal);
    }

    private static List<string> Texts(JsonObject response) => [.. response["choices"]!.AsArray().Select(choice => (string)choice!["text"]!)];
}
