using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.OpenAI;

/// <summary><c>response_format</c> over real HTTP: small models that never saw JSON must write it, whatever their method.</summary>
public sealed class StructuredOutputTests(StructuredOutputTests.Server server) : IClassFixture<StructuredOutputTests.Server>
{
    private const string Schema =
        """{"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":12},"age":{"type":"integer","minimum":0,"maximum":120},"likes":{"type":"array","items":{"enum":["tea","cake","rain"]},"minItems":1,"maxItems":3}},"required":["name","age","likes"],"additionalProperties":false}""";

    private static readonly string[] Stories = ["base-stories", "tas-stories", "bitune-stories", "quiet-star-stories", "tpo-stories", "lora-stories"];

    public static TheoryData<string> Models => ["tiny", "plain", "bare", "quiet", "tags", .. Stories];

    [Theory]
    [MemberData(nameof(Models))]
    public async Task An_answer_satisfies_its_schema_whole_and_streamed(string model)
    {
        var body = Chat("Tell me of a cat.", model).With("response_format", Format()).With("max_tokens", 400);
        // Random weights would not come to the end of a thought.
        if (model == "tags") body.With("chat_template_kwargs", new JsonObject { ["enable_thinking"] = false });
        var whole = await server.CallAsync(Chats, body);
        var (thought, answer) = Said(whole);
        Assert.True(Satisfies(answer), answer);
        Assert.Equal("stop", (string)whole["choices"]![0]!["finish_reason"]!);
        var streamed = Said(await server.StreamAsync(Chats, body));
        Assert.Equal((thought ?? "", answer), streamed);
    }

    [Fact]
    public async Task Thoughts_stay_as_they_are()
    {
        var free = Said(await server.CallAsync(Chats, Chat("Tell me of a cat.", "tas-stories").With("max_tokens", 300)));
        var bound = Said(await server.CallAsync(Chats, Chat("Tell me of a cat.", "tas-stories").With("max_tokens", 300).With("response_format", Format())));
        Assert.NotNull(free.Thought);
        Assert.Equal(free.Thought, bound.Thought);
        Assert.NotEqual(free.Answer, bound.Answer);
        Assert.True(Satisfies(bound.Answer), bound.Answer);
    }

    [Fact]
    public async Task A_thought_that_does_not_end_is_told_as_length()
    {
        var whole = await server.CallAsync(Chats, Chat("Tell me of a cat.", "tags").With("response_format", Format()).With("max_tokens", 40));
        var (thought, answer) = Said(whole);
        Assert.NotNull(thought);
        Assert.Equal(("", "length"), (answer, (string)whole["choices"]![0]!["finish_reason"]!));
    }

    [Fact]
    public async Task Company_changes_no_token_and_every_choice_is_bound()
    {
        JsonObject Body(int seed) => Chat("A story, please.", "tiny").With("seed", seed).With("n", 2).With("max_tokens", 300)
            .With("frequency_penalty", 0.5).With("logit_bias", new JsonObject { ["123"] = -100, ["34"] = 5 }).With("top_p", 0.9).With("response_format", Format());
        var alone = new List<string>();
        for (var seed = 0; seed < 4; seed++) alone.Add(Choices(await server.CallAsync(Chats, Body(seed))));
        var together = await Task.WhenAll(Enumerable.Range(0, 4).Select(async seed => Choices(await server.CallAsync(Chats, Body(seed)))));
        Assert.Equal(alone, together);

        static string Choices(JsonObject response)
        {
            var answers = response["choices"]!.AsArray().Select(choice => (string)choice!["message"]!["content"]!).ToList();
            Assert.Equal(2, answers.Count);
            Assert.All(answers, answer => Assert.True(Satisfies(answer), answer));
            return string.Join('\n', answers);
        }
    }

    [Fact]
    public async Task Completions_and_the_native_endpoint_are_bound_too()
    {
        var completion = await server.CallAsync(Completions, Completion("Once", "plain").With("response_format", Format()).With("max_tokens", 300));
        Assert.True(Satisfies((string)completion["choices"]![0]!["text"]!));
        var generated = await server.CallAsync(Generate, Completion("Once", "tiny").With("response_format", Format()).With("max_tokens", 300).With("stream", false));
        Assert.True(Satisfies((string)generated["answer"]!["text"]!));
    }

    [Fact]
    public async Task A_free_object_is_json_or_honestly_cut()
    {
        for (var seed = 0; seed < 4; seed++)
        {
            var body = Chat("Anything.", "plain").With("seed", seed).With("max_tokens", 250).With("response_format", new JsonObject { ["type"] = "json_object" });
            var choice = (await server.CallAsync(Chats, body))["choices"]![0]!;
            var text = (string)choice["message"]!["content"]!;
            if ((string)choice["finish_reason"]! == "stop") Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(text).RootElement.ValueKind);
            else Assert.StartsWith("{", text.TrimStart(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Too_few_tokens_are_told_as_length_and_just_enough_as_stop()
    {
        var format = new JsonObject { ["type"] = "json_schema", ["json_schema"] = new JsonObject { ["name"] = "x", ["schema"] = new JsonObject { ["const"] = "abcdef" } } };
        var body = Completion("Once", "plain").With("temperature", 0).With("response_format", format);
        var enough = await server.CallAsync(Completions, body.With("max_tokens", 12));
        var text = (string)enough["choices"]![0]!["text"]!;
        Assert.Equal("\"abcdef\"", text.Trim());
        var exact = (int)enough["usage"]!["completion_tokens"]!;
        Assert.Equal("stop", (string)(await server.CallAsync(Completions, body.With("max_tokens", exact)))["choices"]![0]!["finish_reason"]!);
        Assert.Equal("length", (string)(await server.CallAsync(Completions, body.With("max_tokens", exact - 1)))["choices"]![0]!["finish_reason"]!);
    }

    [Theory]
    [InlineData("""{"type":"xml"}""", "invalid_value", "response_format.type")]
    [InlineData("""{"type":"json_schema"}""", "missing_required_parameter", "response_format.json_schema")]
    [InlineData("""{"type":"text","json_schema":{"name":"x"}}""", "conflicting_parameters", "response_format.json_schema")]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"a b","schema":{}}}""", "invalid_value", "response_format.json_schema.name")]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"x","other":1,"schema":{}}}""", "unknown_parameter", "response_format.json_schema.other")]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"strin"}}}""", "invalid_json_schema", "response_format")]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"string","pattern":"("}}}""", "invalid_json_schema", "response_format")]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"x","schema":{"not":{}}}}""", "unsupported_json_schema", "response_format")]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":{"type":"string","color":"red"}}}""", "unsupported_json_schema", "response_format")]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"x","schema":{"$ref":"http://localhost/x"}}}""", "unsupported_json_schema", "response_format")]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"x","schema":false}}""", "unsatisfiable_json_schema", "response_format")]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"string","pattern":"^(a{1000}){1000}$"}}}""", "json_schema_too_complex", "response_format")]
    public async Task What_cannot_be_done_is_a_clear_400(string format, string code, string param)
    {
        using var response = await server.PostAsync(Chats, Chat().With("response_format", JsonNode.Parse(format)));
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;
        Assert.Equal((HttpStatusCode.BadRequest, code, param), (response.StatusCode, (string)error["code"]!, (string)error["param"]!));
        await server.BecomesIdle();
    }

    [Fact]
    public async Task A_vocabulary_that_cannot_spell_json_is_told()
    {
        using var response = await server.PostAsync(Chats, Chat("1 2 * 3 4", "icot-si-full").With("response_format", Format()));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("cannot spell JSON", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static JsonObject Format() => new()
    {
        ["type"] = "json_schema",
        ["json_schema"] = new JsonObject { ["name"] = "cat", ["strict"] = true, ["schema"] = JsonNode.Parse(Schema) },
    };

    private static bool Satisfies(string text)
    {
        using var document = JsonDocument.Parse(text);
        var root = document.RootElement;
        var names = root.EnumerateObject().Select(property => property.Name).ToList();
        return names is ["name", "age", "likes"]
            && root.GetProperty("name").GetString()!.EnumerateRunes().Count() is >= 1 and <= 12
            && root.GetProperty("age").GetInt32() is >= 0 and <= 120
            && root.GetProperty("likes").EnumerateArray().Select(item => item.GetString()).ToList() is { Count: >= 1 and <= 3 } likes
            && likes.TrueForAll(like => like is "tea" or "cake" or "rain");
    }

    public sealed class Server : TestServer
    {
        protected override IReadOnlyDictionary<string, string> ExtraSettings
        {
            get
            {
                var paths = new List<string> { TinyCheckpoint.Write(Path.Combine(Folder, "quiet"), "quiet_star"), TinyCheckpoint.Write(Path.Combine(Folder, "tags"), "tags") };
                paths.AddRange(Stories.Append("icot-si-full").Select(name => Repository.Path($"checkpoints/{name}")));
                return paths.Select((path, i) => KeyValuePair.Create($"Models:{i + 3}:Path", path)).ToDictionary();
            }
        }
    }
}
