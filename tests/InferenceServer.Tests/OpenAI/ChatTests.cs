using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.OpenAI;

[Collection(SharedServer.Name)]
public sealed class ChatTests(TestServer server)
{
    [Fact]
    public async Task A_stream_adds_up_to_the_answer_that_is_not_streamed()
    {
        var whole = Said(await server.CallAsync(Chats, Chat()));
        var streamed = Said(await server.StreamAsync(Chats, Chat()));
        Assert.NotEmpty(whole.Answer);
        Assert.NotEmpty(whole.Thought!);
        Assert.Equal(whole.Thought, streamed.Thought);
        Assert.Equal(whole.Answer, streamed.Answer);
    }

    [Fact]
    public async Task A_stream_begins_with_the_role_and_ends_with_a_reason_and_done()
    {
        var events = await server.StreamAsync(Chats, Chat());
        Assert.True(events[^1].IsDone);
        var chunks = events.Take(events.Count - 1).Select(chunk => chunk.Json).ToList();
        Assert.Equal("assistant", (string?)chunks[0]["choices"]![0]!["delta"]!["role"]);
        Assert.Equal("length", (string?)chunks[^1]["choices"]![0]!["finish_reason"]);
        Assert.All(chunks.Take(chunks.Count - 1), chunk => Assert.Null(chunk["choices"]![0]!["finish_reason"]));
        Assert.Single(chunks.Select(chunk => (string?)chunk["id"]).Distinct());
        Assert.All(chunks, chunk => Assert.Equal("chat.completion.chunk", (string?)chunk["object"]));
        Assert.All(chunks, chunk => Assert.False(chunk.ContainsKey("usage")));
    }

    [Fact]
    public async Task No_delta_carries_thought_and_answer_both_and_thoughts_come_first()
    {
        var events = await server.StreamAsync(Chats, Chat());
        var deltas = events.Where(chunk => !chunk.IsDone).Skip(1).Select(chunk => chunk.Json["choices"]![0]!["delta"]!.AsObject()).ToList();
        Assert.DoesNotContain(deltas, delta => delta.ContainsKey("content") && delta.ContainsKey("reasoning_content"));
        var lastThought = deltas.FindLastIndex(delta => delta.ContainsKey("reasoning_content"));
        var firstAnswer = deltas.FindIndex(delta => delta.ContainsKey("content"));
        Assert.InRange(lastThought, 0, firstAnswer - 1);
    }

    [Fact]
    public async Task Usage_comes_in_a_chunk_of_its_own_where_it_was_asked_for()
    {
        var body = Chat().With("stream_options", new JsonObject { ["include_usage"] = true });
        var events = await server.StreamAsync(Chats, body);
        var chunks = events.Take(events.Count - 1).Select(chunk => chunk.Json).ToList();
        Assert.All(chunks.Take(chunks.Count - 1), chunk => Assert.True(chunk.ContainsKey("usage") && chunk["usage"] is null));
        Assert.Empty(chunks[^1]["choices"]!.AsArray());
        Assert.Equal(Usage(await server.CallAsync(Chats, Chat())), Usage(chunks[^1]));
    }

    [Fact]
    public async Task Completion_tokens_are_thought_tokens_and_answer_tokens()
    {
        var usage = Usage(await server.CallAsync(Chats, Chat().With("thinking_token_budget", 5)));
        Assert.Equal(5, usage.Reasoning);
        Assert.Equal(24, usage.Completion);
    }

    [Fact]
    public async Task Hidden_thoughts_leave_answer_and_usage_as_they_are()
    {
        var shown = await server.CallAsync(Chats, Chat());
        var hidden = await server.CallAsync(Chats, Chat().With("include_reasoning", false));
        Assert.Equal(Said(shown).Answer, Said(hidden).Answer);
        Assert.False(hidden["choices"]![0]!["message"]!.AsObject().ContainsKey("reasoning_content"));
        Assert.Equal(Usage(shown), Usage(hidden));
        Assert.Equal("", Said(await server.StreamAsync(Chats, Chat().With("include_reasoning", false))).Thought);
    }

    [Theory]
    [InlineData("thinking_token_budget")]
    [InlineData("reasoning_effort")]
    public async Task Thoughts_can_be_switched_off(string field)
    {
        var chat = await server.CallAsync(Chats, Chat().With(field, field == "reasoning_effort" ? "none" : 0));
        Assert.Null(Said(chat).Thought);
        Assert.NotEmpty(Said(chat).Answer);
        Assert.Equal(0, Usage(chat).Reasoning);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(20)]
    public async Task A_budget_is_exact(int budget)
    {
        var chat = await server.CallAsync(Chats, Chat().With("thinking_token_budget", budget).With("temperature", 0).With("max_tokens", 40));
        Assert.Equal(budget, Usage(chat).Reasoning);
    }

    [Fact]
    public async Task A_larger_budget_begins_with_the_thought_of_a_smaller_one()
    {
        var small = Said(await server.CallAsync(Chats, Chat().With("thinking_token_budget", 4)));
        var large = Said(await server.CallAsync(Chats, Chat().With("thinking_token_budget", 10)));
        Assert.StartsWith(small.Thought!, large.Thought, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_supplied_thought_stands_for_the_models_own()
    {
        var own = await server.CallAsync(Chats, Chat().With("max_tokens", 40));
        var supplied = await server.CallAsync(Chats, Chat().With("max_tokens", 28).With("thought", Said(own).Thought));
        Assert.Equal(0, Usage(supplied).Reasoning);
        Assert.Null(Said(supplied).Thought);
        Assert.Equal(28, Usage(supplied).Completion);
        Assert.Equal(Said(own).Answer, Said(supplied).Answer);

        var other = await server.CallAsync(Chats, Chat().With("max_tokens", 28).With("thought", "Something else altogether"));
        Assert.NotEqual(Said(own).Answer, Said(other).Answer);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_tokens_and_another_seed_others()
    {
        var first = Said(await server.CallAsync(Chats, Chat()));
        Assert.Equal(first, Said(await server.CallAsync(Chats, Chat())));
        Assert.NotEqual(first, Said(await server.CallAsync(Chats, Chat().With("seed", 12))));
        Assert.Equal(
            Said(await server.CallAsync(Chats, Chat().With("seed", long.MinValue))), Said(await server.CallAsync(Chats, Chat().With("seed", long.MinValue))));
    }

    [Fact]
    public async Task Choices_differ_and_the_first_is_the_only_one_of_a_request_for_one()
    {
        var one = Said(await server.CallAsync(Chats, Chat()));
        var three = await server.CallAsync(Chats, Chat().With("n", 3));
        var texts = Enumerable.Range(0, 3).Select(choice => Said(three, choice)).ToList();
        Assert.Equal(one, texts[0]);
        Assert.Equal(3, texts.Distinct().Count());
        Assert.Equal(3 * 24, Usage(three).Completion);

        var streamed = await server.StreamAsync(Chats, Chat().With("n", 3));
        Assert.Equal(texts.Select(said => said.Answer), Enumerable.Range(0, 3).Select(choice => Said(streamed, choice).Answer));
    }

    [Fact]
    public async Task A_stop_string_ends_the_answer_but_never_a_thought()
    {
        var whole = Said(await server.CallAsync(Chats, Chat()));
        var stop = whole.Answer.Substring(3, 2);
        var stopped = await server.CallAsync(Chats, Chat().With("stop", stop));
        Assert.Equal(whole.Answer[..whole.Answer.IndexOf(stop, StringComparison.Ordinal)], Said(stopped).Answer);
        Assert.Equal("stop", (string?)stopped["choices"]![0]!["finish_reason"]);

        var inThought = whole.Thought!.Split(' ')[0][..1];
        var kept = await server.CallAsync(Chats, Chat().With("stop", new JsonArray(inThought + "\u0001never", stop)));
        Assert.Equal(whole.Thought, Said(kept).Thought);
    }

    [Fact]
    public async Task Log_probabilities_are_given_token_by_token_in_both_channels()
    {
        var chat = await server.CallAsync(Chats, Chat().With("logprobs", true).With("top_logprobs", 3).With("temperature", 0));
        var logprobs = chat["choices"]![0]!["logprobs"]!;
        var answer = logprobs["content"]!.AsArray();
        Assert.Equal(Usage(chat).Completion - Usage(chat).Reasoning, answer.Count);
        Assert.Equal(Usage(chat).Reasoning, logprobs["reasoning_content"]!.AsArray().Count);
        Assert.Equal(Said(chat).Answer, string.Concat(answer.Select(token => (string?)token!["token"])));
        Assert.All(answer, token =>
        {
            Assert.InRange((double)token!["logprob"]!, double.MinValue, 0);
            Assert.Equal(3, token["top_logprobs"]!.AsArray().Count);
            Assert.Equal((double)token["top_logprobs"]![0]!["logprob"]!, (double)token["logprob"]!, 5);
        });

        var streamed = await server.StreamAsync(Chats, Chat().With("logprobs", true).With("temperature", 0));
        Assert.Equal(answer.Count, streamed.Where(chunk => !chunk.IsDone).Sum(chunk => chunk.Json["choices"]![0]!["logprobs"]?["content"]?.AsArray().Count ?? 0));
    }

    [Fact]
    public async Task A_bias_of_a_hundred_decides_every_token()
    {
        var chat = await server.CallAsync(Chats, Chat().With("logit_bias", new JsonObject { ["65"] = 100 }).With("thinking_token_budget", 3));
        Assert.Equal(("AAA", new string('A', 21)), Said(chat));
    }

    [Fact]
    public async Task Special_tokens_in_a_message_are_text()
    {
        var text = await server.CallAsync(Chats, Chat("<|assistant|>"));
        var plain = await server.CallAsync(Chats, Chat("+assistant++-"));
        Assert.Equal(Usage(plain).Prompt, Usage(text).Prompt);
    }

    [Fact]
    public async Task Without_a_chat_template_the_last_user_message_is_the_prompt()
    {
        var body = Chat("Once upon a time", "bare");
        body["messages"]!.AsArray().Insert(0, new JsonObject { ["role"] = "system", ["content"] = "Be brief." });
        var chat = await server.CallAsync(Chats, body);
        var completion = await server.CallAsync(Completions, Completion(model: "bare"));
        Assert.Equal((string?)completion["choices"]![0]!["text"], Said(chat).Answer);
        Assert.Equal(Usage(completion), Usage(chat));
    }

    [Fact]
    public async Task A_checkpoint_that_does_not_sample_is_greedy_unless_told_otherwise()
    {
        var first = Said(await server.CallAsync(Chats, Chat(model: "bare").With("seed", 1)));
        Assert.Equal(first, Said(await server.CallAsync(Chats, Chat(model: "bare").With("seed", 2))));
        Assert.NotEqual(first, Said(await server.CallAsync(Chats, Chat(model: "bare").With("seed", 2).With("temperature", 1))));
    }

    [Fact]
    public async Task Content_may_come_in_parts_and_earlier_turns_may_carry_thoughts()
    {
        var parts = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = "What is" }, new JsonObject { ["type"] = "text", ["text"] = "six?" });
        var body = Chat();
        body["messages"] = new JsonArray(
            new JsonObject { ["role"] = "developer", ["content"] = "Be brief." },
            new JsonObject { ["role"] = "assistant", ["content"] = "Yes.", ["reasoning_content"] = "A long thought." },
            new JsonObject { ["role"] = "user", ["content"] = parts });
        var joined = Chat();
        joined["messages"] = new JsonArray(
            new JsonObject { ["role"] = "system", ["content"] = "Be brief." },
            new JsonObject { ["role"] = "assistant", ["content"] = "Yes." },
            new JsonObject { ["role"] = "user", ["content"] = "What is\nsix?" });
        Assert.Equal(Said(await server.CallAsync(Chats, joined)), Said(await server.CallAsync(Chats, body)));
    }
}
