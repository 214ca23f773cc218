using System.Globalization;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.OpenAI;

/// <summary>What a model makes of a text that is given: echo with logprobs, and vLLM's prompt_logprobs.</summary>
[Collection(SharedServer.Name)]
public sealed class EchoTests(TestServer server)
{
    private const int EndOfSequence = 257; // of TinyCheckpoint
    private const string Text = "Once upon a time there was a king.";

    [Theory]
    [InlineData("plain")]
    [InlineData("tiny")]
    [InlineData("bare")]
    public async Task What_the_model_says_by_itself_is_as_likely_when_it_is_given(string model)
    {
        // Without thoughts a TaS model says its answer behind an end marker: so both are asked behind the same text.
        var said = Column(await Ask(Completion(Text, "plain").With("temperature", 0).With("logprobs", 3).With("max_tokens", 8)));
        var ids = Text.Select(letter => (int)letter).Concat(said.Tokens.SelectMany(System.Text.Encoding.UTF8.GetBytes).Select(value => (int)value)).ToArray();
        var given = Column(await Ask(Scored(ids, model, 3)));
        Assert.Equal(ids.Length, given.Tokens.Count);
        Assert.Null(given.Logprobs[0]);
        Assert.Null(given.Tops[0]);
        Assert.All(given.Logprobs.Skip(1), logprob => Assert.InRange((double)logprob!, -30, 0));
        Assert.All(given.Tops.Skip(1), top => Assert.Equal(3, top!.AsObject().Count));
        if (model != "plain") return;

        // To the last digit: the same rows, once one by one and once all together.
        Assert.Equal(said.Logprobs.Select(Json), given.Logprobs[Text.Length..].Select(Json));
        Assert.Equal(said.Tops.Select(Json), given.Tops[Text.Length..].Select(Json));
    }

    [Theory]
    [InlineData("tiny")]
    [InlineData("plain")]
    public async Task Columns_hold_the_prompt_and_then_the_answer_each_token_in_its_place(string model)
    {
        var body = Completion(Text, model).With("echo", true).With("logprobs", 2).With("max_tokens", 6).With("thinking_token_budget", 0);
        var response = await server.CallAsync(Completions, body);
        var choice = response["choices"]![0]!;
        var text = (string)choice["text"]!;
        var columns = Column(choice);
        Assert.StartsWith(Text, text, StringComparison.Ordinal);
        Assert.Equal(text, string.Concat(columns.Tokens));
        Assert.Equal(Usage(response).Prompt + Usage(response).Completion, columns.Tokens.Count);
        Assert.Equal(columns.Tokens.Count, columns.Logprobs.Count);
        Assert.Equal(columns.Tokens.Count, columns.Tops.Count);
        for (var i = 0; i < columns.Tokens.Count; i++) Assert.Equal(columns.Tokens[i], text.Substring(columns.Offsets[i], columns.Tokens[i].Length));

        // The answer is what it is without an echo.
        var plain = await Ask(Completion(Text, model).With("logprobs", 2).With("max_tokens", 6).With("thinking_token_budget", 0));
        Assert.Equal((string)plain["text"]!, text[Text.Length..]);
        Assert.Equal(Column(plain).Logprobs.Select(Json), columns.Logprobs[Text.Length..].Take(Column(plain).Logprobs.Count).Select(Json));
    }

    [Theory]
    [InlineData("tiny", false)]
    [InlineData("tiny", true)]
    [InlineData("plain", false)]
    [InlineData("plain", true)]
    public async Task One_token_behind_a_prompt_is_one_entry_also_where_it_ends_the_text(string model, bool ends)
    {
        // A harness asks for one token and drops the last entry: were the entry missing, it would drop the text's own.
        var body = Completion(Text, model).With("echo", true).With("logprobs", 1).With("max_tokens", 1).With("temperature", 0);
        if (ends) body.With("logit_bias", new JsonObject { [EndOfSequence.ToString(CultureInfo.InvariantCulture)] = 100 });
        var response = await server.CallAsync(Completions, body);
        var choice = response["choices"]![0]!;
        Assert.Equal(Text.Length + 1, Column(choice).Tokens.Count);
        Assert.Equal((Text.Length, 1, Text.Length + 1, 0), Usage(response));
        Assert.Equal(ends ? "stop" : "length", (string?)choice["finish_reason"]);
        Assert.Equal(ends, (string)choice["text"]! == Text);
        var given = Column(await Ask(Scored([.. Text.Select(letter => (int)letter)], model, 1)));
        Assert.Equal(given.Logprobs.Select(Json), Column(choice).Logprobs.SkipLast(1).Select(Json));
        foreach (var (logprob, top) in given.Logprobs.Zip(given.Tops).Skip(1)) Assert.True((double)logprob! <= top!.AsObject().Max(entry => (double)entry.Value!));
    }

    [Theory]
    [InlineData("tiny")]
    [InlineData("plain")]
    public async Task A_prompt_alone_generates_nothing(string model)
    {
        foreach (var logprobs in new int?[] { null, 0 })
        {
            var response = await server.CallAsync(Completions, Completion(Text, model).With("echo", true).With("logprobs", logprobs).With("max_tokens", 0));
            var choice = response["choices"]![0]!;
            Assert.Equal((Text.Length, 0, Text.Length, 0), Usage(response));
            Assert.Equal((Text, "length"), ((string)choice["text"]!, (string)choice["finish_reason"]!));
            if (logprobs is null) Assert.Null(choice["logprobs"]);
            else Assert.Equal(Text, string.Concat(Column(choice).Tokens));
        }

        // A prompt may fill the whole context where nothing comes behind it.
        var full = new string('a', TinyCheckpoint.Context - (model == "tiny" ? 2 : 0));
        Assert.Equal(full.Length, Column(await Ask(Completion(full, model).With("echo", true).With("logprobs", 0).With("max_tokens", 0))).Tokens.Count);
    }

    [Theory]
    [InlineData("tiny", 5)]
    [InlineData("tiny", 0)]
    [InlineData("plain", 5)]
    public async Task A_stream_begins_with_the_prompts_and_adds_up_to_the_whole(string model, int tokens)
    {
        var body = Completion(model: model).With("prompt", new JsonArray("One", Text)).With("n", 2).With("echo", true).With("logprobs", 2).With("max_tokens", tokens);
        var whole = (await server.CallAsync(Completions, body))["choices"]!.AsArray();
        Assert.Equal(4, whole.Count);
        var streamed = (await server.StreamAsync(Completions, body)).SkipLast(1).SelectMany(chunk => chunk.Json["choices"]!.AsArray()).ToList();
        for (var choice = 0; choice < 4; choice++)
        {
            var parts = streamed.Where(part => (int)part!["index"]! == choice).ToList();
            var prompt = choice < 2 ? "One" : Text;
            Assert.Equal(prompt, (string?)parts[0]!["text"]);
            Assert.Equal(prompt.Length, Column(parts[0]!).Tokens.Count);
            Assert.Equal((string)whole[choice]!["text"]!, string.Concat(parts.Select(part => (string?)part!["text"])));
            foreach (var column in new[] { "tokens", "token_logprobs", "top_logprobs", "text_offset" })
            {
                var together = parts.Where(part => part!["logprobs"] is not null).SelectMany(part => part!["logprobs"]![column]!.AsArray()).Select(Json);
                Assert.Equal(whole[choice]!["logprobs"]![column]!.AsArray().Select(Json), together);
            }
        }

        // All choices of a prompt have its scores.
        Assert.Equal(Column(whole[0]!).Logprobs.Take(3).Select(Json), Column(whole[1]!).Logprobs.Take(3).Select(Json));
    }

    [Fact]
    public async Task What_is_cached_is_read_again_and_says_the_same()
    {
        var text = $"{Guid.NewGuid():N} {Text}";
        var body = Completion(text, "plain").With("echo", true).With("logprobs", 3).With("max_tokens", 2).With("temperature", 0);
        var first = await server.CallAsync(Completions, body);
        var second = await server.CallAsync(Completions, body);
        Assert.Equal(Json(first["choices"]), Json(second["choices"]));
        Assert.Equal(0, (int?)second["usage"]!["prompt_tokens_details"]?["cached_tokens"] ?? 0);
        var follower = await server.CallAsync(Completions, Completion(text, "plain"));
        Assert.True((int)follower["usage"]!["prompt_tokens_details"]!["cached_tokens"]! > 0);
    }

    [Fact]
    public async Task A_thought_that_is_asked_for_keeps_its_own_columns()
    {
        var response = await server.CallAsync(Completions, Completion(Text).With("echo", true).With("logprobs", 1).With("thinking_token_budget", 3).With("max_tokens", 8));
        var choice = response["choices"]![0]!;
        Assert.Equal(3, choice["reasoning_logprobs"]!["tokens"]!.AsArray().Count);
        Assert.Equal(Text.Length + Usage(response).Completion - 3, Column(choice).Tokens.Count);
    }

    [Fact]
    public async Task Special_tokens_and_parts_of_characters_stand_where_their_text_does()
    {
        var special = Column(await Ask(Completion("<|bos|>ab", "plain").With("echo", true).With("logprobs", 0).With("max_tokens", 0)));
        Assert.Equal(["<|bos|>", "a", "b"], special.Tokens);
        Assert.Equal([0, 7, 8], special.Offsets);
        var parts = Column(await Ask(Completion("aé!", "plain").With("echo", true).With("logprobs", 0).With("max_tokens", 0)));
        Assert.Equal([0, 1, 1, 2], parts.Offsets);
        Assert.Equal(["a", "\uFFFD", "é", "!"], parts.Tokens);
    }

    [Fact]
    public async Task Prompt_logprobs_come_by_position_and_id()
    {
        var echoed = Column(await Ask(Scored([.. Text.Select(letter => (int)letter)], "plain", 2)));
        var choice = await Ask(Completion(Text, "plain").With("prompt_logprobs", 2).With("max_tokens", 1));
        Assert.DoesNotContain(Text, (string)choice["text"]!, StringComparison.Ordinal);
        Assert.Null(choice["logprobs"]);
        var positions = choice["prompt_logprobs"]!.AsArray();
        Assert.Equal(Text.Length, positions.Count);
        Assert.Null(positions[0]);
        for (var i = 1; i < Text.Length; i++)
        {
            var tokens = positions[i]!.AsObject();
            var given = tokens[((int)Text[i]).ToString(CultureInfo.InvariantCulture)]!;
            Assert.Equal(Json(echoed.Logprobs[i]), Json(given["logprob"]));
            Assert.Equal(Text[i].ToString(), (string?)given["decoded_token"]);
            Assert.Equal((int)given["rank"]! > 2 ? 3 : 2, tokens.Count);
            var byRank = tokens.OrderBy(token => (int)token.Value!["rank"]!).Select(token => (double)token.Value!["logprob"]!).ToList();
            Assert.Equal(byRank.OrderDescending(), byRank);
            Assert.Equal(1, tokens.Min(token => (int)token.Value!["rank"]!));
        }
    }

    [Fact]
    public async Task Prompt_logprobs_of_a_chat_are_of_the_conversation_as_it_is_dressed()
    {
        var response = await server.CallAsync(Chats, Chat().With("prompt_logprobs", 0).With("n", 2));
        var positions = response["prompt_logprobs"]!.AsArray();
        Assert.Equal(Usage(response).Prompt, positions.Count);
        Assert.All(positions.Skip(1), tokens => Assert.Single(tokens!.AsObject()));
        Assert.NotNull(response["choices"]![0]!["message"]!["reasoning_content"]);
        Assert.False((await server.CallAsync(Chats, Chat())).ContainsKey("prompt_logprobs"));
    }

    private static JsonObject Scored(IEnumerable<int> ids, string model, int top) => Completion(model: model)
        .With("prompt", new JsonArray([.. ids.Select(id => (JsonNode)id)])).With("echo", true).With("logprobs", top).With("max_tokens", 0);

    private static string Json(JsonNode? node) => node?.ToJsonString() ?? "null";

    private static Columns Column(JsonNode choice)
    {
        var columns = choice["logprobs"]!;
        return new Columns(
            [.. columns["tokens"]!.AsArray().Select(token => (string)token!)],
            [.. columns["token_logprobs"]!.AsArray()],
            [.. columns["top_logprobs"]!.AsArray()],
            [.. columns["text_offset"]!.AsArray().Select(offset => (int)offset!)]);
    }

    private async Task<JsonNode> Ask(JsonObject body) => (await server.CallAsync(Completions, body))["choices"]![0]!;

    private sealed record Columns(List<string> Tokens, List<JsonNode?> Logprobs, List<JsonNode?> Tops, List<int> Offsets);
}
