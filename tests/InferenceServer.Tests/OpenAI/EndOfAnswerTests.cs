using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.OpenAI;

/// <summary>Fields of benchmark clients that say where an answer may end.</summary>
[Collection(SharedServer.Name)]
public sealed class EndOfAnswerTests(TestServer server)
{
    [Theory]
    [InlineData("tiny")]
    [InlineData("plain")]
    public async Task A_benchmark_gets_exactly_the_tokens_it_asks_for(string model)
    {
        foreach (var path in (string[])[Completions, Chats])
        {
            JsonObject Body() => Eager(path == Chats ? Chat(model: model) : Completion(model: model));
            Assert.Equal("stop", Reason(await server.CallAsync(path, Body())));

            var full = await server.CallAsync(path, Body().With("ignore_eos", true));
            Assert.Equal((24, "length"), (Usage(full).Completion, Reason(full)));
            var streamed = await server.StreamAsync(path, Body().With("ignore_eos", true).With("stream_options", new JsonObject { ["include_usage"] = true }));
            Assert.Equal(24, Usage(streamed[^2].Json).Completion);

            var least = await server.CallAsync(path, Body().With("min_tokens", 9));
            Assert.Equal((9, "stop"), (Usage(least).Completion, Reason(least)));
        }
    }

    [Fact]
    public async Task A_stop_token_ends_the_answer_and_is_not_part_of_it()
    {
        var text = (string)(await server.CallAsync(Completions, Completion(model: "plain").With("temperature", 0)))["choices"]![0]!["text"]!;
        Assert.InRange(text[3], ' ', '~'); // one letter, one token, whose id is its code
        var stopped = await server.CallAsync(Completions, Completion(model: "plain").With("temperature", 0).With("stop_token_ids", new JsonArray((int)text[3])));
        Assert.Equal((text[..text.IndexOf(text[3], StringComparison.Ordinal)], "stop"), ((string)stopped["choices"]![0]!["text"]!, Reason(stopped)));
    }

    [Theory]
    [InlineData("""{"min_tokens": 25}""", "min_tokens", "conflicting_parameters")]
    [InlineData("""{"min_tokens": -1}""", "min_tokens", "invalid_value")]
    [InlineData("""{"stop_token_ids": [-1]}""", "stop_token_ids[0]", "invalid_value")]
    [InlineData("""{"stop_token_ids": [99999]}""", "stop_token_ids[0]", "invalid_value")]
    [InlineData("""{"stop_token_ids": "a"}""", "stop_token_ids", "invalid_type")]
    [InlineData("""{"ignore_eos": true, "response_format": {"type": "json_object"}}""", "response_format", "conflicting_parameters")]
    [InlineData("""{"response_format": {"type": "text", "schema": {}}}""", "response_format.schema", "conflicting_parameters")]
    public async Task What_makes_no_sense_is_refused(string fields, string param, string code)
    {
        var body = Completion();
        foreach (var (name, value) in JsonNode.Parse(fields)!.AsObject()) body[name] = value?.DeepClone();
        using var response = await server.PostAsync(Completions, body);
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;
        Assert.Equal((400, param, code), ((int)response.StatusCode, (string)error["param"]!, (string)error["code"]!));
    }

    [Fact]
    public async Task A_json_object_may_have_a_schema_of_its_own()
    {
        var schema = JsonNode.Parse("""{"type": "object", "properties": {"a": {"type": "integer", "minimum": 0, "maximum": 9}}, "required": ["a"], "additionalProperties": false}""");
        var body = Completion(model: "plain").With("max_tokens", 100).With("temperature", 0).With("response_format", new JsonObject { ["type"] = "json_object", ["schema"] = schema });
        var answer = JsonNode.Parse((string)(await server.CallAsync(Completions, body))["choices"]![0]!["text"]!)!.AsObject();
        Assert.InRange((int)Assert.Single(answer).Value!, 0, 9);
    }

    // An end of sequence is all but certain.
    private static JsonObject Eager(JsonObject body) =>
        body.With("temperature", 0).With("thinking_token_budget", body["model"]!.ToString() == "tiny" ? 4 : 0).With("logit_bias", new JsonObject { ["257"] = 100 });

    private static string Reason(JsonObject response) => (string)response["choices"]![0]!["finish_reason"]!;
}
