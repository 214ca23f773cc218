using System.Net;
using System.Text.Json.Nodes;
using InferenceServer.Streaming;
using InferenceServer.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Native;

/// <summary>Models whose thoughts are long enough to be talked to: none ends before a command comes.</summary>
public sealed class PatientServer : TestServer
{
    public const int Context = 16_384;

    protected override IReadOnlyDictionary<string, string> ExtraSettings => new Dictionary<string, string>
    {
        ["Models:0:Path"] = TinyCheckpoint.Write(Path.Combine(Folder, "patient", "tiny"), "tas", context: Context),
        ["Models:1:Path"] = TinyCheckpoint.Write(Path.Combine(Folder, "patient", "plain"), "plain", context: Context),
        ["Engine:KvMemory"] = "64MB",
    };
}

/// <summary>Commands to a running generation, over HTTP, while its stream is read.</summary>
public sealed class CommandTests(PatientServer server) : IClassFixture<PatientServer>
{
    private const int Long = 15_000;

    [Fact]
    public async Task Answer_now_ends_the_thought_here()
    {
        using var stream = await LiveStream.OpenAsync(server, Generate, Endless(Completion()).With("stop", Vowels()));
        var seen = await stream.UntilAsync(entry => entry.Name == "thought");
        Assert.Equal(stream.Id, (string?)seen[0].Json["id"]);
        var said = await CommandAsync(stream.Id, "speak");
        Assert.Equal(1, (int)said["choices"]!);
        seen.AddRange(await stream.RestAsync());

        var thoughts = seen.Count(entry => entry.Name == "thought");
        Assert.InRange(thoughts, 1, Long / 2);
        // Where the thought ends is a matter of time, so the answer may begin with what stops it.
        Assert.True(seen.Any(entry => entry.Name == "answer") || seen[^1].Json["stop_string"] is not null);
        Assert.Equal("command", (string?)seen[^1].Json["thought_closed_by"]);
        Assert.Equal(thoughts, (int)seen[^2].Json["completion_tokens_details"]!["reasoning_tokens"]!);
        await ForgottenAsync(stream.Id);
    }

    [Fact]
    public async Task Answer_now_reaches_every_choice_of_a_chat()
    {
        using var stream = await LiveStream.OpenAsync(server, Chats, Endless(Chat()).With("n", 2).With("stop", Vowels()));
        var seen = await stream.UntilAsync(entry => entry.Data.Contains("reasoning_content", StringComparison.Ordinal));
        Assert.Equal(stream.Id, (string?)seen[0].Json["id"]);
        Assert.Equal(2, (int)(await CommandAsync(stream.Id, "speak"))["choices"]!);
        seen.AddRange(await stream.RestAsync());
        for (var choice = 0; choice < 2; choice++) Assert.InRange(Said(seen, choice).Thought.Length, 1, Long / 2);
        Assert.True(seen[^1].IsDone);
    }

    [Theory]
    [InlineData(Answers, "reasoning_text.delta", "output_text.delta")]
    [InlineData(Messages, "thinking_delta", "text_delta")]
    public async Task Answer_now_works_in_responses_and_messages(string path, string thoughtEvent, string answerEvent)
    {
        var body = path == Answers
            ? Endless(Response())
            : Endless(Chat(), budget: null).With("thinking", new JsonObject { ["type"] = "enabled", ["budget_tokens"] = Long - 1 });
        using var stream = await LiveStream.OpenAsync(server, path, body);
        await stream.UntilAsync(entry => entry.Data.Contains(thoughtEvent, StringComparison.Ordinal));
        Assert.Equal(1, (int)(await CommandAsync(stream.Id, "speak"))["choices"]!);
        var thoughts = await stream.UntilAsync(entry => entry.Data.Contains(answerEvent, StringComparison.Ordinal));
        Assert.InRange(thoughts.Count(entry => entry.Data.Contains(thoughtEvent, StringComparison.Ordinal)), 0, Long / 2);
    }

    [Theory]
    [InlineData("Because.")]
    [InlineData("")]
    public async Task The_model_answers_from_the_thought_it_is_given(string thought)
    {
        using var stream = await LiveStream.OpenAsync(server, Generate, Endless(Completion()).With("stop", Vowels()));
        await stream.UntilAsync(entry => entry.Name == "thought");
        await CommandAsync(stream.Id, "thought", new JsonObject { ["thought"] = thought });
        var seen = await stream.UntilAsync(entry => entry.Name == "restart");
        Assert.Equal("thought", (string?)seen[^1].Json["channel"]);
        seen = await stream.RestAsync();
        Assert.DoesNotContain(seen, entry => entry.Name == "thought");
        Assert.Equal("supplied", (string?)seen[^1].Json["thought_closed_by"]);

        var supplied = await server.CallAsync(Generate, Endless(Completion(), budget: null).With("stop", Vowels()).With("thought", thought).With("stream", false));
        Assert.Equal((string?)supplied["answer"]!["text"], string.Concat(seen.Where(entry => entry.Name == "answer").Select(entry => (string?)entry.Json["text"])));
        Assert.Equal(Usage(supplied), Counts(seen[^2].Json));
    }

    [Fact]
    public async Task An_answer_under_way_is_taken_back_and_spoken_again()
    {
        using var stream = await LiveStream.OpenAsync(server, Generate, Endless(Completion(), budget: 3));
        await stream.UntilAsync(entry => entry.Name == "answer");
        await CommandAsync(stream.Id, "thought", new JsonObject { ["thought"] = "Because." });
        var taken = await stream.UntilAsync(entry => entry.Name == "restart" && (string?)entry.Json["channel"] == "thought");
        Assert.Contains(taken, entry => entry.Name == "restart" && (string?)entry.Json["channel"] == "answer");
        var again = await stream.UntilAsync(entry => entry.Name == "answer");
        Assert.Equal(0, (int)again[^1].Json["index"]!);
        using var tooLate = await server.PostAsync($"/v1/generations/{stream.Id}/speak", new JsonObject());
        await AssertError(tooLate, HttpStatusCode.Conflict, "command_has_no_use");
    }

    [Fact]
    public async Task A_thought_may_take_the_room_the_answer_was_promised()
    {
        using var stream = await LiveStream.OpenAsync(server, Generate, Endless(Completion()).With("max_tokens", PatientServer.Context));
        await stream.UntilAsync(entry => entry.Name == "thought");
        var longest = PatientServer.Context - "Once upon a time".Length - 3;
        using var tooLong = await server.PostAsync($"/v1/generations/{stream.Id}/thought", new JsonObject { ["thought"] = new string('a', longest + 1) });
        await AssertError(tooLong, HttpStatusCode.BadRequest, "context_length_exceeded");
        await CommandAsync(stream.Id, "thought", new JsonObject { ["thought"] = new string('a', longest) });
        var rest = await stream.RestAsync();
        Assert.Equal("length", (string?)rest[^1].Json["finish_reason"]);
        Assert.Equal(1, (int)rest[^2].Json["completion_tokens"]!);
    }

    [Fact]
    public async Task Delete_ends_a_generation_with_what_it_has_said()
    {
        using var stream = await LiveStream.OpenAsync(server, Generate, Endless(Completion()));
        var seen = await stream.UntilAsync(entry => entry.Name == "thought");
        using var deleted = await server.Http.DeleteAsync($"/v1/generations/{stream.Id}");
        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        seen.AddRange(await stream.RestAsync());
        Assert.Equal("cancelled", (string?)seen[^1].Json["finish_reason"]);
        Assert.Equal(seen.Count(entry => entry.Name == "thought"), (int)seen[^2].Json["completion_tokens"]!);
        await ForgottenAsync(stream.Id);
        await server.BecomesIdle();
    }

    [Fact]
    public async Task A_format_that_cannot_take_words_back_refuses_a_new_thought()
    {
        using var stream = await LiveStream.OpenAsync(server, Chats, Endless(Chat()));
        using var refused = await server.PostAsync($"/v1/generations/{stream.Id}/thought", new JsonObject { ["thought"] = "Because." });
        await AssertError(refused, HttpStatusCode.BadRequest, "unsupported_command");
    }

    [Fact]
    public async Task A_model_that_does_not_think_refuses_both_commands()
    {
        using var stream = await LiveStream.OpenAsync(server, Generate, Endless(Completion(model: "plain"), budget: null));
        await stream.UntilAsync(entry => entry.Name == "answer");
        using var speak = await server.PostAsync($"/v1/generations/{stream.Id}/speak", new JsonObject());
        await AssertError(speak, HttpStatusCode.BadRequest, "unsupported_command");
        using var thought = await server.PostAsync($"/v1/generations/{stream.Id}/thought", new JsonObject { ["thought"] = "Because." });
        await AssertError(thought, HttpStatusCode.BadRequest, "unsupported_parameter");
    }

    [Theory]
    [InlineData("POST", "/speak")]
    [InlineData("POST", "/thought")]
    [InlineData("DELETE", "")]
    public async Task What_does_not_run_is_not_found(string method, string command)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/v1/generations/gen-0" + command);
        if (method == "POST") request.Content = new StringContent("{\"thought\": \"a\"}", System.Text.Encoding.UTF8, "application/json");
        using var response = await server.Http.SendAsync(request);
        await AssertError(response, HttpStatusCode.NotFound, "generation_not_found");
    }

    [Theory]
    [InlineData("{}", "missing_required_parameter")]
    [InlineData("{\"thought\": 1}", "invalid_type")]
    [InlineData("{\"thought\": \"a\", \"thougth\": \"b\"}", "unknown_parameter")]
    public async Task A_body_that_is_not_a_thought_is_refused(string body, string code)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await server.Http.PostAsync("/v1/generations/gen-0/thought", content);
        await AssertError(response, HttpStatusCode.BadRequest, code);
    }

    // Neither the thought nor the answer ends by itself.
    private static JsonObject Endless(JsonObject body, int? budget = Long) => body
        .With("max_tokens", Long).With("thinking_token_budget", budget)
        .With("logit_bias", new JsonObject { ["257"] = -100, ["258"] = -100 });

    // Ends an answer soon.
    private static JsonArray Vowels() => ["a", "e", "i", "o"];

    private static async Task AssertError(HttpResponseMessage response, HttpStatusCode status, string code)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, text);
        Assert.Equal(code, (string?)JsonNode.Parse(text)!["error"]!["code"]);
    }

    private Task<JsonObject> CommandAsync(string id, string command, JsonObject? body = null) =>
        server.CallAsync($"/v1/generations/{id}/{command}", body ?? []);

    private async Task ForgottenAsync(string id)
    {
        await TestServer.Eventually(() => Task.FromResult(!server.Services.GetRequiredService<RunningGenerations>().Contains(id)));
        using var response = await server.Http.DeleteAsync($"/v1/generations/{id}");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }
}
