using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Errors;

/// <summary>Every bad request gets a clean 4xx that names the field, and leaves the server as it was.</summary>
[Collection(SharedServer.Name)]
public sealed class BadRequestTests(TestServer server)
{
    /// <summary>Field, its JSON, and the param and code of the answer.</summary>
    public static TheoryData<string, string, string, string> BadFields => new()
    {
        { "model", "\"gpt-5\"", "model", "model_not_found" },
        { "model", "\"../../etc/passwd\"", "model", "model_not_found" },
        { "model", "7", "model", "invalid_type" },
        { "model", "null", "model", "invalid_type" },
        { "max_tokens", "0", "max_tokens", "invalid_value" },
        { "max_tokens", "-1", "max_tokens", "invalid_value" },
        { "max_tokens", "2147483648", "max_tokens", "invalid_type" },
        { "max_tokens", "9223372036854775808", "max_tokens", "invalid_type" },
        { "max_tokens", "1e400", "max_tokens", "invalid_type" },
        { "max_tokens", "1.0", "max_tokens", "invalid_type" },
        { "max_tokens", "\"5\"", "max_tokens", "invalid_type" },
        { "max_tokens", "true", "max_tokens", "invalid_type" },
        { "max_tokens", "[5]", "max_tokens", "invalid_type" },
        { "max_completion_tokens", "7", "max_completion_tokens", "conflicting_parameters" },
        { "n", "0", "n", "invalid_value" },
        { "n", "-1", "n", "invalid_value" },
        { "n", "17", "n", "invalid_value" },
        { "n", "1000000000", "n", "invalid_value" },
        { "temperature", "-1", "temperature", "invalid_value" },
        { "temperature", "1e9", "temperature", "invalid_value" },
        { "temperature", "1e400", "temperature", "invalid_value" },
        { "temperature", "\"1\"", "temperature", "invalid_type" },
        { "top_p", "0", "top_p", "invalid_value" },
        { "top_p", "1.0001", "top_p", "invalid_value" },
        { "top_k", "-2", "top_k", "invalid_value" },
        { "min_p", "2", "min_p", "invalid_value" },
        { "min_p", "-0.5", "min_p", "invalid_value" },
        { "seed", "9223372036854775808", "seed", "invalid_type" },
        { "seed", "1.5", "seed", "invalid_type" },
        { "logit_bias", "{\"abc\":1}", "logit_bias", "invalid_value" },
        { "logit_bias", "{\"264\":1}", "logit_bias", "invalid_value" },
        { "logit_bias", "{\"-1\":1}", "logit_bias", "invalid_value" },
        { "logit_bias", "{\"5\":1e9}", "logit_bias.5", "invalid_value" },
        { "logit_bias", "{\"5\":\"1\"}", "logit_bias.5", "invalid_type" },
        { "logit_bias", "[1]", "logit_bias", "invalid_type" },
        { "stop", "\"\"", "stop", "invalid_value" },
        { "stop", "[\"a\",\"\"]", "stop", "invalid_value" },
        { "stop", "7", "stop", "invalid_type" },
        { "stop", "[7]", "stop", "invalid_type" },
        { "logprobs", "5", "logprobs", "invalid_type" },
        { "top_logprobs", "3", "top_logprobs", "invalid_value" },
        { "top_logprobs", "-1", "top_logprobs", "invalid_value" },
        { "top_logprobs", "1000000", "top_logprobs", "invalid_value" },
        { "thinking_token_budget", "-1", "thinking_token_budget", "invalid_value" },
        { "thinking_token_budget", "\"many\"", "thinking_token_budget", "invalid_type" },
        { "reasoning_effort", "\"extreme\"", "reasoning_effort", "invalid_value" },
        { "reasoning_effort", "3", "reasoning_effort", "invalid_type" },
        { "thought", "7", "thought", "invalid_type" },
        { "stream", "\"yes\"", "stream", "invalid_type" },
        { "stream_options", "{\"include_usage\":true}", "stream_options", "invalid_value" },
        { "frequency_penalty", "2.1", "frequency_penalty", "invalid_value" },
        { "presence_penalty", "-2.01", "presence_penalty", "invalid_value" },
        { "repetition_penalty", "0", "repetition_penalty", "invalid_value" },
        { "repetition_penalty", "1e-60", "repetition_penalty", "invalid_value" },
        { "repetition_penalty", "10.5", "repetition_penalty", "invalid_value" },
        { "repetition_penalty", "\"high\"", "repetition_penalty", "invalid_type" },
        { "tools", "[{}]", "tools[0]", "invalid_type" },
        { "response_format", "{\"type\":\"xml\"}", "response_format.type", "invalid_value" },
        { "best_of", "4", "best_of", "unsupported_parameter" },
        { "thinking_budget", "5", "thinking_budget", "unknown_parameter" },
        { "messages", "[]", "messages", "invalid_value" },
        { "messages", "\"Hello\"", "messages", "invalid_type" },
        { "messages", "[null]", "messages[0]", "invalid_type" },
        { "messages", "[{\"role\":\"king\",\"content\":\"a\"}]", "messages[0].role", "invalid_value" },
        { "messages", "[{\"role\":\"user\"}]", "messages[0].content", "missing_required_parameter" },
        { "messages", "[{\"content\":\"a\"}]", "messages[0]", "invalid_type" },
        { "messages", "[{\"role\":\"user\",\"content\":7}]", "messages[0].content", "invalid_type" },
        { "messages", "[{\"role\":\"user\",\"content\":\"a\",\"mood\":\"b\"}]", "messages[0].mood", "unknown_parameter" },
        { "messages", "[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{}}]}]", "messages[0].content", "unsupported_parameter" },
        { "messages", "[{\"role\":\"user\",\"content\":\"\\ud800\"}]", "messages[0].content", "invalid_type" },
    };

    public static TheoryData<string, string> BadBodies => new()
    {
        { "", "invalid_json" },
        { "null", "invalid_json" },
        { "[]", "invalid_json" },
        { "\"text\"", "invalid_json" },
        { "{", "invalid_json" },
        { "{\"model\":\"tiny\"", "invalid_json" },
        { "{\"model\":\"tiny\",}", "invalid_json" },
        { "{\"model\":\"tiny\",\"model\":\"tiny\",\"messages\":[]}", "invalid_json" },
        { "{\"model\":\"tiny\",\"temperature\":NaN}", "invalid_json" },
        { "{\"model\":\"tiny\"} {}", "invalid_json" },
        { "\uFEFF{\"model\":\"tiny\"}", "invalid_json" },
        { "{\"model\":\"tiny\"}", "missing_required_parameter" },
        { "{\"messages\":[]}", "missing_required_parameter" },
        { "{\"a\":" + new string('[', 100_000), "invalid_json" },
    };

    [Theory]
    [MemberData(nameof(BadFields))]
    public async Task A_bad_field_is_named(string field, string json, string param, string code)
    {
        const string Placeholder = "here";
        var body = Chat().With(field, Placeholder).ToJsonString().Replace($"\"{Placeholder}\"", json, StringComparison.Ordinal);
        using var response = await PostRaw(Encoding.UTF8.GetBytes(body));
        await AssertError(response, code == "model_not_found" ? HttpStatusCode.NotFound : HttpStatusCode.BadRequest, code, param);
    }

    [Theory]
    [MemberData(nameof(BadBodies))]
    public async Task A_bad_body_is_refused(string body, string code)
    {
        using var response = await PostRaw(Encoding.UTF8.GetBytes(body));
        await AssertError(response, HttpStatusCode.BadRequest, code);
    }

    [Theory]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":\"\"}", "prompt", "invalid_value")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":[]}", "prompt", "invalid_value")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":[[]]}", "prompt", "invalid_value")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":[264]}", "prompt", "invalid_value")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":[-1]}", "prompt", "invalid_value")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":[1.5]}", "prompt", "invalid_type")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":[1,\"a\"]}", "prompt", "invalid_type")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":{}}", "prompt", "invalid_type")]
    [InlineData(Completions, "{\"model\":\"tiny\"}", "prompt", "missing_required_parameter")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":\"a\",\"logprobs\":-1}", "logprobs", "invalid_value")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":\"a\",\"echo\":true,\"logprobs\":1000}", "logprobs", "invalid_value")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":\"a\",\"logprobs\":1,\"max_tokens\":0}", "max_tokens", "invalid_value")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":\"a\",\"echo\":false,\"max_tokens\":0}", "max_tokens", "invalid_value")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":\"a\",\"echo\":true,\"max_tokens\":-1}", "max_tokens", "invalid_value")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":\"a\",\"prompt_logprobs\":-1}", "prompt_logprobs", "invalid_value")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":\"a\",\"prompt_logprobs\":1000}", "prompt_logprobs", "invalid_value")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":\"a\",\"prompt_logprobs\":1,\"stream\":true}", "prompt_logprobs", "unsupported_parameter")]
    [InlineData(Chats, "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"prompt_logprobs\":1,\"stream\":true}", "prompt_logprobs", "unsupported_parameter")]
    [InlineData(Chats, "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"prompt_logprobs\":true}", "prompt_logprobs", "invalid_type")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":[\"a\",\"b\"],\"n\":9}", "n", "invalid_value")]
    [InlineData(Completions, "{\"model\":\"plain\",\"prompt\":\"a\",\"thinking_token_budget\":5}", "thinking_token_budget", "unsupported_parameter")]
    [InlineData(Completions, "{\"model\":\"plain\",\"prompt\":\"a\",\"reasoning_effort\":\"high\"}", "reasoning_effort", "unsupported_parameter")]
    [InlineData(Completions, "{\"model\":\"plain\",\"prompt\":\"a\",\"thought\":\"b\"}", "thought", "unsupported_parameter")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":\"a\",\"thinking_token_budget\":5,\"reasoning_effort\":\"none\"}", "thinking_token_budget", "conflicting_parameters")]
    [InlineData(Completions, "{\"model\":\"tiny\",\"prompt\":\"a\",\"thinking_token_budget\":5,\"thought\":\"b\"}", "thought", "conflicting_parameters")]
    [InlineData(Answers, "{\"model\":\"tiny\"}", "input", "missing_required_parameter")]
    [InlineData(Answers, "{\"model\":\"tiny\",\"input\":7}", "input", "invalid_type")]
    [InlineData(Answers, "{\"model\":\"tiny\",\"input\":[]}", "input", "invalid_value")]
    [InlineData(Answers, "{\"model\":\"tiny\",\"input\":[{}]}", "input[0].role", "invalid_value")]
    [InlineData(Answers, "{\"model\":\"tiny\",\"input\":[{\"role\":\"user\"}]}", "input[0].content", "missing_required_parameter")]
    [InlineData(Answers, "{\"model\":\"tiny\",\"input\":[{\"role\":\"user\",\"content\":\"a\",\"x\":1}]}", "input[0].x", "unknown_parameter")]
    [InlineData(Answers, "{\"model\":\"tiny\",\"input\":\"a\",\"max_output_tokens\":0}", "max_output_tokens", "invalid_value")]
    [InlineData(Answers, "{\"model\":\"tiny\",\"input\":\"a\",\"reasoning\":{\"effort\":\"some\"}}", "reasoning_effort", "invalid_value")]
    [InlineData(Answers, "{\"model\":\"tiny\",\"input\":\"a\",\"reasoning\":{\"x\":1}}", "reasoning.x", "unknown_parameter")]
    [InlineData(Answers, "{\"model\":\"tiny\",\"input\":\"a\",\"truncation\":\"auto\"}", "truncation", "unsupported_parameter")]
    [InlineData(Answers, "{\"model\":\"tiny\",\"input\":\"a\",\"include\":[\"x\"]}", "include", "unsupported_parameter")]
    [InlineData(Answers, "{\"model\":\"tiny\",\"input\":\"a\",\"top_logprobs\":2}", "top_logprobs", "invalid_value")]
    [InlineData(Generate, "{\"model\":\"tiny\"}", "prompt", "missing_required_parameter")]
    [InlineData(Generate, "{\"model\":\"tiny\",\"prompt\":\"a\",\"messages\":[]}", "prompt", "conflicting_parameters")]
    [InlineData(Generate, "{\"model\":\"tiny\",\"prompt\":[\"a\",\"b\"]}", "prompt", "invalid_value")]
    [InlineData(Generate, "{\"model\":\"tiny\",\"prompt\":\"a\",\"n\":2}", "n", "unknown_parameter")]
    public async Task Other_endpoints_name_theirs(string path, string body, string param, string code)
    {
        using var response = await PostRaw(Encoding.UTF8.GetBytes(body), path: path);
        await AssertError(response, HttpStatusCode.BadRequest, code, param);
    }

    [Theory]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData(null)]
    public async Task A_body_that_is_not_json_in_utf8_is_415(string? contentType)
    {
        using var response = await PostRaw("{}"u8.ToArray(), contentType);
        await AssertError(response, HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
    }

    [Fact]
    public async Task Utf16_under_the_name_of_json_is_refused()
    {
        using var response = await PostRaw(Encoding.Unicode.GetBytes(Chat().ToJsonString()));
        await AssertError(response, HttpStatusCode.BadRequest, "invalid_json");
    }

    [Fact]
    public async Task A_body_over_the_limit_is_413()
    {
        // The server answers without reading on: a client that asks first gets to hear it, one that just sends may not.
        using var request = new HttpRequestMessage(HttpMethod.Post, Chats) { Content = new ByteArrayContent(new byte[5 * 1024 * 1024]) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json");
        request.Headers.ExpectContinue = true;
        using var response = await server.Http.SendAsync(request);
        await AssertError(response, HttpStatusCode.RequestEntityTooLarge, "request_too_large");
    }

    [Fact]
    public async Task A_wrong_method_is_405_and_a_wrong_path_404()
    {
        using var wrongMethod = await server.Http.GetAsync(Chats);
        await AssertError(wrongMethod, HttpStatusCode.MethodNotAllowed, "method_not_allowed");
        using var wrongPath = await server.Http.GetAsync("/v1/nothing");
        await AssertError(wrongPath, HttpStatusCode.NotFound, "unknown_url");
    }

    [Fact]
    public async Task Too_many_of_anything_is_refused()
    {
        var stops = new JsonArray([.. Enumerable.Range(0, 10_000).Select(i => (JsonNode)$"stop {i}")]);
        using var manyStops = await server.PostAsync(Chats, Chat().With("stop", stops));
        await AssertError(manyStops, HttpStatusCode.BadRequest, "invalid_value", "stop");

        var messages = new JsonArray([.. Enumerable.Range(0, 1025).Select(_ => (JsonNode)new JsonObject { ["role"] = "user", ["content"] = "a" })]);
        using var manyMessages = await server.PostAsync(Chats, Chat().With("messages", messages));
        await AssertError(manyMessages, HttpStatusCode.BadRequest, "invalid_value", "messages");

        var bias = new JsonObject(Enumerable.Range(0, 2000).Select(i => KeyValuePair.Create($"{i}", (JsonNode?)1)));
        using var manyBiases = await server.PostAsync(Chats, Chat().With("logit_bias", bias));
        await AssertError(manyBiases, HttpStatusCode.BadRequest, "invalid_value", "logit_bias");

        using var longName = await server.PostAsync(Chats, Chat(model: new string('m', 1_000_000)));
        var error = await AssertError(longName, HttpStatusCode.NotFound, "model_not_found", "model");
        Assert.InRange(((string)error["message"]!).Length, 1, 500);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_prompt_may_fill_the_context_but_for_the_markers_and_one_answer_token(int beyond)
    {
        const int Markers = 2;
        var body = Completion(new string('a', TinyCheckpoint.Context - Markers - 1 + beyond)).With("thinking_token_budget", 0).With("max_tokens", 5);
        using var response = await server.PostAsync(Completions, body);
        if (beyond <= 0)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(1 - beyond, Usage(JsonNode.Parse(await response.Content.ReadAsStringAsync())!).Completion);
            return;
        }

        var error = await AssertError(response, HttpStatusCode.BadRequest, "context_length_exceeded", "prompt");
        Assert.Contains("510 tokens", (string)error["message"]!, StringComparison.Ordinal);
        Assert.Contains("509", (string)error["message"]!, StringComparison.Ordinal);
    }

    private async Task<JsonObject> AssertError(HttpResponseMessage response, HttpStatusCode status, string code, string? param = null)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, $"{(int)response.StatusCode} {text}");
        var error = JsonNode.Parse(text)!["error"]!.AsObject();
        Assert.Equal(code, (string?)error["code"]);
        Assert.Equal("invalid_request_error", (string?)error["type"]);
        Assert.NotEmpty((string)error["message"]!);
        if (param is not null) Assert.Equal(param, (string?)error["param"]);
        await server.BecomesIdle();
        return error;
    }

    private async Task<HttpResponseMessage> PostRaw(byte[] body, string? contentType = "application/json", string path = Chats)
    {
        var content = new ByteArrayContent(body);
        if (contentType is not null) content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        return await server.Http.PostAsync(path, content);
    }
}
