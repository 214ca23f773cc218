using System.Text.Json.Nodes;

namespace InferenceServer.Tests.Clients;

/// <summary>/v1/responses, judged by OpenAI's own Node client.</summary>
[Collection(SharedClients.Name)]
public sealed class ResponsesTests(ClientServer server)
{
    private static readonly string[] Order =
    [
        "response.created", "response.in_progress",
        "response.output_item.added", "response.content_part.added", "response.reasoning_text.delta", "response.reasoning_text.done", "response.content_part.done", "response.output_item.done",
        "response.output_item.added", "response.content_part.added", "response.output_text.delta", "response.output_text.done", "response.content_part.done", "response.output_item.done",
        "response.completed",
    ];

    [Fact]
    public async Task It_streams_reasoning_and_text_in_the_official_events_and_understands_errors()
    {
        var seen = await NodeClients.AskAsync(server, "responses-contract.mjs");
        var (whole, stream) = (seen["whole"]!, seen["stream"]!);
        foreach (var view in (JsonNode[])[whole, stream, stream["done"]!, stream["final"]!])
            Assert.Equal((ClientServer.Thought, ClientServer.Answer), ((string)view["thought"]!, (string)view["answer"]!));
        foreach (var view in (JsonNode[])[whole, stream["final"]!])
        {
            Assert.StartsWith("resp_", (string)view["id"]!, StringComparison.Ordinal);
            Assert.Equal("completed", (string)view["status"]!);
            Assert.Equal(["reasoning", "message"], Texts(view["kinds"]!));
            Assert.Equal(["completed", "completed"], Texts(view["states"]!));
        }

        Assert.Equal("test", (string)whole["metadata"]!["purpose"]!);
        Assert.Equal(Order, Texts(stream["order"]!));
        Assert.True((int)stream["types"]!["response.reasoning_text.delta"]! > 5 && (int)stream["types"]!["response.output_text.delta"]! > 3, stream["types"]!.ToJsonString());
        Assert.Equal(Enumerable.Range(0, stream["numbers"]!.AsArray().Count), stream["numbers"]!.AsArray().Select(number => (int)number!));
        Assert.Equal(ClientServer.Answer, (string)stream["snapshot"]!);

        var (usage, again) = (whole["usage"]!, stream["final"]!["usage"]!);
        var reasoning = (int)usage["output_tokens_details"]!["reasoning_tokens"]!;
        Assert.InRange(reasoning, 1, (int)usage["output_tokens"]! - 1);
        Assert.Equal((int)usage["total_tokens"]!, (int)usage["input_tokens"]! + (int)usage["output_tokens"]!);
        Assert.Equal((reasoning, (int)usage["total_tokens"]!), ((int)again["output_tokens_details"]!["reasoning_tokens"]!, (int)again["total_tokens"]!));
        Assert.InRange((int)again["input_tokens_details"]!["cached_tokens"]!, 1, (int)again["input_tokens"]!);

        Assert.Equal("completed", (string)seen["next"]!["status"]!);
        Assert.Equal("Answer in one sentence.", (string)seen["next"]!["instructions"]!);
        Assert.Equal(("incomplete", "max_output_tokens", ""), ((string)seen["short"]!["status"]!, (string)seen["short"]!["reason"]!, (string)seen["short"]!["answer"]!));
        Assert.Equal(["incomplete"], Texts(seen["short"]!["states"]!));
        Assert.Equal(["message"], Texts(seen["none"]!["kinds"]!));
        Assert.Equal(0, (int)seen["none"]!["usage"]!["output_tokens_details"]!["reasoning_tokens"]!);
        Assert.Equal(ClientServer.Thought, (string)seen["formed"]!["thought"]!);
        Assert.InRange((int)seen["formed"]!["shells"]!, 0, 99);
        Assert.All(seen["logprobs"]!.AsArray(), entry => Assert.Equal(2, (int)entry!["top"]!));
        Assert.StartsWith(ClientServer.Answer, string.Concat(seen["logprobs"]!.AsArray().Select(entry => (string)entry!["token"]!)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_needs_a_memory_is_refused_and_says_so()
    {
        var failures = (await NodeClients.AskAsync(server, "responses-contract.mjs"))["failures"]!;
        Fails(failures["model"]!, 404, "model_not_found", "model");
        Fails(failures["previous"]!, 400, "unsupported_parameter", "previous_response_id");
        Fails(failures["store"]!, 400, "unsupported_parameter", "store");
        Fails(failures["background"]!, 400, "unsupported_parameter", "background");
        Fails(failures["image"]!, 400, "unsupported_parameter", "input[0].content");
        Fails(failures["reference"]!, 400, "unsupported_parameter", "input[0].type");
        Fails(failures["streamed"]!, 400, "invalid_value", "temperature");
        await server.BecomesIdle();
    }

    [Fact]
    public async Task It_calls_functions_and_takes_what_they_came_to()
    {
        var seen = await NodeClients.AskAsync(server, "responses-tools.mjs");
        var (whole, stream) = (seen["whole"]!, seen["stream"]!);
        foreach (var view in (JsonNode[])[whole, stream["final"]!])
        {
            Assert.Equal(("completed", "required"), ((string)view["status"]!, (string)view["choice"]!));
            Assert.Equal(["reasoning", "function_call"], Texts(view["kinds"]!));
            Assert.Equal(["get_weather"], Texts(view["tools"]!));
            Assert.Equal(("get_weather", "completed"), ((string)view["call"]!["name"]!, (string)view["call"]!["status"]!));
        }

        var arguments = (string)whole["call"]!["arguments"]!;
        Assert.Equal(["city", "days"], JsonNode.Parse(arguments)!.AsObject().Select(field => field.Key));
        Assert.All(
            (JsonNode[])[stream["deltas"]!, stream["snapshot"]!, stream["done"]!["arguments"]!, stream["final"]!["call"]!["arguments"]!],
            text => Assert.Equal(arguments, (string)text!));
        Assert.Equal((string)stream["final"]!["call"]!["id"]!, (string)stream["done"]!["id"]!);
        Assert.InRange((int)stream["parsed"]!["days"]!, 1, 9);
        Assert.Equal(
            [
                "response.created", "response.in_progress",
                "response.output_item.added", "response.content_part.added", "response.reasoning_text.delta", "response.reasoning_text.done", "response.content_part.done", "response.output_item.done",
                "response.output_item.added", "response.function_call_arguments.delta", "response.function_call_arguments.done", "response.output_item.done",
                "response.completed",
            ],
            Texts(stream["order"]!));
        Assert.Equal([0, 1], stream["indexes"]!.AsArray().Select(index => (int)index!));
        Assert.Equal(Enumerable.Range(0, stream["numbers"]!.AsArray().Count), stream["numbers"]!.AsArray().Select(number => (int)number!));

        // The next turn shows the model the call and what it came to, but no tools; the last one all of it.
        Assert.Equal(["reasoning", "message"], Texts(seen["next"]!["kinds"]!));
        Assert.Equal("get_weather", (string)seen["again"]!["call"]!["name"]!);
        Assert.True((int)seen["again"]!["tokens"]! > (int)whole["tokens"]! + arguments.Length);

        Fails(seen["failures"]!["search"]!, 400, "unsupported_parameter", "tools[0].type");
        Fails(seen["failures"]!["choice"]!, 400, "invalid_value", "tool_choice.name");
        Fails(seen["failures"]!["output"]!, 400, "invalid_value", "input[1].call_id");
        await server.BecomesIdle();
    }

    private static void Fails(JsonNode error, int status, string code, string param)
    {
        Assert.True((bool)error["typed"]!, error.ToJsonString());
        Assert.Equal((status, code, param), ((int)error["status"]!, (string)error["code"]!, (string)error["param"]!));
    }

    private static IEnumerable<string> Texts(JsonNode array) => array.AsArray().Select(entry => (string)entry!);
}
