using System.Text.Json.Nodes;

namespace InferenceServer.Tests.Clients;

/// <summary>/v1/messages, judged by Anthropic's own Node client.</summary>
[Collection(SharedClients.Name)]
public sealed class AnthropicTests(ClientServer server)
{
    private static readonly string[] Order =
    [
        "message_start", "ping",
        "content_block_start", "thinking_delta", "signature_delta", "content_block_stop",
        "content_block_start", "text_delta", "content_block_stop",
        "message_delta", "message_stop",
    ];

    [Fact]
    public async Task It_streams_thinking_and_text_and_understands_errors()
    {
        var seen = await NodeClients.AskAsync(server, "anthropic-contract.mjs");
        var (whole, stream) = (seen["whole"]!, seen["stream"]!);
        foreach (var view in (JsonNode[])[whole, stream, stream["final"]!, seen["adaptive"]!])
            Assert.Equal((ClientServer.Thought, ClientServer.Answer), ((string)view["thought"]!, (string)view["answer"]!));
        foreach (var view in (JsonNode[])[whole, stream["final"]!])
        {
            Assert.StartsWith("msg_", (string)view["id"]!, StringComparison.Ordinal);
            Assert.Equal(["thinking", "text"], Texts(view["kinds"]!));
            Assert.Equal("end_turn", (string)view["stop"]!);
            Assert.NotEmpty((string)view["signature"]!);
        }

        // The client hands out pings to nobody.
        Assert.Equal(Order.Where(name => name != "ping"), Texts(stream["order"]!).Where(name => name != "ping"));
        Assert.True((int)stream["types"]!["content_block_delta"]! > 10, stream["types"]!.ToJsonString());
        var (usage, again) = (whole["usage"]!, stream["final"]!["usage"]!);
        Assert.Equal((int)usage["output_tokens"]!, (int)again["output_tokens"]!);
        Assert.Equal(Input(usage), Input(again));
        Assert.Equal((int)seen["counted"]!, Input(usage));
        Assert.InRange((int)usage["output_tokens_details"]!["thinking_tokens"]!, 1, (int)usage["output_tokens"]! - 1);

        Assert.Equal(["text"], Texts(seen["unasked"]!["kinds"]!));
        Assert.Equal(ClientServer.Answer, (string)seen["unasked"]!["answer"]!);
        Assert.Equal((int)usage["output_tokens"]!, (int)seen["unasked"]!["usage"]!["output_tokens"]!);
        Assert.Equal(["text"], Texts(seen["disabled"]!["kinds"]!));
        Assert.Equal(0, (int)seen["disabled"]!["usage"]!["output_tokens_details"]!["thinking_tokens"]!);
        Assert.Equal(ClientServer.Thought, (string)seen["formed"]!["thought"]!);
        Assert.InRange((int)seen["formed"]!["shells"]!, 0, 99);
        Assert.Equal("max_tokens", (string)seen["short"]!["stop"]!);
        Assert.Equal(("stop_sequence", "shells", "Lucy has 32 "), ((string)seen["stopped"]!["stop"]!, (string)seen["stopped"]!["sequence"]!, (string)seen["stopped"]!["answer"]!));
        Assert.NotEmpty((string)seen["next"]!["answer"]!);

        var listed = seen["models"]!.AsArray().Single(served => (string)served!["id"]! == ClientServer.Model)!;
        Assert.Equal(("model", ClientServer.Model, true), ((string)listed["type"]!, (string)listed["name"]!, (bool)listed["created"]!));

        var failures = seen["failures"]!;
        Fails(failures["model"]!, 404, "not_found_error", "'none' does not exist");
        Fails(failures["tokens"]!, 400, "invalid_request_error", "'max_tokens' is required");
        Fails(failures["budget"]!, 400, "invalid_request_error", "less than 'max_tokens'");
        Fails(failures["image"]!, 400, "invalid_request_error", "block of type text");
        Fails(failures["begun"]!, 400, "invalid_request_error", "The last message");
        Fails(failures["streamed"]!, 400, "invalid_request_error", "from 0 to 2");
        Assert.Equal((404, "not_found_error"), ((int)seen["unknownUrl"]!["status"]!, (string)seen["unknownUrl"]!["type"]!));
        await server.BecomesIdle();
    }

    [Fact]
    public async Task It_uses_tools_and_takes_their_results()
    {
        var seen = await NodeClients.AskAsync(server, "anthropic-tools.mjs");
        var (whole, stream) = (seen["whole"]!, seen["stream"]!);
        foreach (var view in (JsonNode[])[whole, stream["final"]!])
        {
            Assert.Equal(["thinking", "tool_use"], Texts(view["kinds"]!));
            Assert.Equal(("tool_use", "get_weather"), ((string)view["stop"]!, (string)view["use"]!["name"]!));
            Assert.StartsWith("toolu_", (string)view["use"]!["id"]!, StringComparison.Ordinal);
        }

        var input = whole["use"]!["input"]!;
        Assert.Equal(["city", "days"], input.AsObject().Select(field => field.Key));
        Assert.InRange((int)input["days"]!, 1, 9);
        Assert.All(
            (JsonNode[])[JsonNode.Parse((string)stream["pieces"]!)!, stream["last"]!, stream["final"]!["use"]!["input"]!],
            same => Assert.Equal(input.ToJsonString(), same.ToJsonString()));
        Assert.Equal(
            [
                "message_start",
                "content_block_start thinking", "thinking_delta", "signature_delta", "content_block_stop",
                "content_block_start tool_use", "input_json_delta", "content_block_stop",
                "message_delta", "message_stop",
            ],
            Texts(stream["order"]!));

        // The next turn shows the model the use and its result, but no tools; the one after it all of it.
        Assert.Equal(["thinking", "text"], Texts(seen["next"]!["kinds"]!));
        Assert.Equal(["thinking", "text"], Texts(seen["failed"]!["kinds"]!));
        Assert.Equal("get_weather", (string)seen["again"]!["use"]!["name"]!);
        Assert.True((int)seen["again"]!["tokens"]! > (int)whole["tokens"]! + input.ToJsonString().Length);
        Assert.Equal((int)whole["tokens"]!, (int)seen["counted"]!["told"]!);
        Assert.True((int)seen["counted"]!["told"]! > (int)seen["counted"]!["untold"]! + 100);

        Fails(seen["failures"]!["search"]!, 400, "invalid_request_error", "no tools of its own");
        Fails(seen["failures"]!["choice"]!, 400, "invalid_request_error", "not among the 'tools'");
        Fails(seen["failures"]!["result"]!, 400, "invalid_request_error", "the id of no call");
        await server.BecomesIdle();
    }

    private static int Input(JsonNode usage) => (int)usage["input_tokens"]! + (int)usage["cache_read_input_tokens"]!;

    private static void Fails(JsonNode error, int status, string type, string message)
    {
        Assert.True((bool)error["typed"]!, error.ToJsonString());
        Assert.Equal((status, "error", type), ((int)error["status"]!, (string)error["shape"]!, (string)error["type"]!));
        Assert.Contains(message, (string)error["message"]!, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Texts(JsonNode array) => array.AsArray().Select(entry => (string)entry!);
}
