using System.Net;
using System.Text.Json.Nodes;
using InferenceServer.Anthropic;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;
using static InferenceServer.Tests.Support.ToolBodies;

namespace InferenceServer.Tests.Anthropic;

/// <summary>Tools at /v1/messages over real HTTP: what small random models are made to use, event by event, and conversations that hold uses.</summary>
public sealed class MessageToolTests(ToolServer server) : IClassFixture<ToolServer>
{
    private const string Counts = "/v1/messages/count_tokens";

    [Theory]
    [InlineData("tools")]
    [InlineData("plain")]
    [InlineData("tiny")]
    [InlineData("thinker")]
    [InlineData("tas-stories")]
    [InlineData("tpo-stories")]
    public async Task A_use_that_is_required_is_a_block_of_its_own_whole_and_event_by_event(string model)
    {
        var body = Ask(model, "any", disableParallel: true);
        var thinks = model is "tiny" or "thinker" or "tas-stories" or "tpo-stories";
        if (thinks) body.With("thinking", new JsonObject { ["type"] = "adaptive" });
        var message = await server.CallAsync(Messages, body);
        var use = message["content"]!.AsArray()[^1]!;
        Assert.Equal(("tool_use", "tool_use", "direct"), ((string)message["stop_reason"]!, (string)use["type"]!, (string)use["caller"]!["type"]!));
        Assert.StartsWith("toolu_", (string)use["id"]!, StringComparison.Ordinal);
        CheckCall((string)use["name"]!, use["input"]!.ToJsonString());

        // Chat makes the same of the same request.
        var chat = await server.CallAsync(Chats, Chat("Weather?", model).With("max_tokens", 400).With("tools", SameTools()).With("tool_choice", "required").With("parallel_tool_calls", false));
        var twin = chat["choices"]![0]!["message"]!;
        Assert.Equal(JsonNode.Parse((string)twin["tool_calls"]![0]!["function"]!["arguments"]!)!.ToJsonString(), use["input"]!.ToJsonString());
        Assert.Equal((string?)twin["reasoning_content"], thinks ? (string?)message["content"]![0]!["thinking"] : null);
        Assert.Equal(Usage(chat).Completion, (int)message["usage"]!["output_tokens"]!);
        Assert.Equal(Usage(chat).Prompt, (int)message["usage"]!["input_tokens"]! + (int)message["usage"]!["cache_read_input_tokens"]!);

        Assert.Equal(Blocks(message), Follow(await server.StreamAsync(Messages, body), "tool_use"));
    }

    [Fact]
    public async Task Several_uses_are_several_blocks()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var body = Ask("tools", "any").With("seed", seed).With("max_tokens", 1500);
            var message = await server.CallAsync(Messages, body);
            var blocks = message["content"]!.AsArray();
            if (blocks.Count < 2 || (string)message["stop_reason"]! != "tool_use") continue;
            Assert.All(blocks, block => CheckCall((string)block!["name"]!, block["input"]!.ToJsonString()));
            Assert.Equal(blocks.Count, blocks.Select(block => (string)block!["id"]!).Distinct().Count());
            Assert.Equal(Blocks(message), Follow(await server.StreamAsync(Messages, body), "tool_use"));
            return;
        }

        Assert.Fail("No seed made two uses.");
    }

    [Fact]
    public async Task Text_before_a_use_is_a_block_of_text()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var body = Ask("thinker", "auto", disableParallel: true).With("seed", seed).With("logit_bias", new JsonObject { [$"{TinyCheckpoint.MarkerId}"] = 5 });
            var message = await server.CallAsync(Messages, body);
            if (!message["content"]!.AsArray().Select(block => (string)block!["type"]!).SequenceEqual(["text", "tool_use"])) continue;
            Assert.Equal(Blocks(message), Follow(await server.StreamAsync(Messages, body), "tool_use"));
            return;
        }

        Assert.Fail("No seed made a use behind some text.");
    }

    [Fact]
    public async Task Thoughts_between_the_words_leave_a_use_whole()
    {
        var body = Ask("weigher", "any", disableParallel: true).With("thoughts", "all").With("max_tokens", 200);
        var message = await server.CallAsync(Messages, body);
        Assert.Single(message["content"]!.AsArray(), block => (string)block!["type"]! == "tool_use");
        Assert.Contains(message["content"]!.AsArray(), block => (string)block!["type"]! == "thinking");
        Assert.Equal(Blocks(message), Follow(await server.StreamAsync(Messages, body), "tool_use"));
    }

    [Fact]
    public async Task A_use_that_the_limit_cuts_has_what_is_complete_of_its_input()
    {
        var body = Ask("tools", "tool").With("tool_choice", new JsonObject { ["type"] = "tool", ["name"] = "get_weather" }).With("max_tokens", 62);
        var message = await server.CallAsync(Messages, body);
        var use = Assert.Single(message["content"]!.AsArray())!;
        Assert.Equal(("max_tokens", "get_weather", "{}"), ((string)message["stop_reason"]!, (string)use["name"]!, use["input"]!.ToJsonString()));
        var events = await server.StreamAsync(Messages, body);
        var pieces = string.Concat(events.Where(entry => entry.Name == "content_block_delta").Select(entry => (string)entry.Json["delta"]!["partial_json"]!));
        Assert.StartsWith("{", pieces.TrimStart(), StringComparison.Ordinal);
        Assert.Equal("max_tokens", (string)events.Single(entry => entry.Name == "message_delta").Json["delta"]!["stop_reason"]!);
    }

    [Theory]
    [InlineData("", "{}")]
    [InlineData("{", "{}")]
    [InlineData("{\"a", "{}")]
    [InlineData("{\"a\": 1", "{}")]
    [InlineData("{\"a\": 1,", "{\"a\": 1}")]
    [InlineData("{\"a\": \"x, {\\\"\", \"b\": [1, 2", "{\"a\": \"x, {\\\"\", \"b\": [1]}")]
    [InlineData("{\"a\": {\"b\": [[], {\"c\": tr", "{\"a\": {\"b\": [[], {}]}}")]
    [InlineData("{\"a\": [1]}", "{\"a\": [1]}")]
    public void What_is_complete_of_a_cut_object_is_kept(string text, string kept)
    {
        Assert.Equal(kept, RawObject.FromCut(text).Text);
        Assert.NotNull(JsonNode.Parse(kept));
    }

    [Fact]
    public async Task Tools_are_counted_and_only_where_they_may_be_used()
    {
        var body = Ask("tools", "auto");
        var counted = (int)(await server.CallAsync(Counts, body.DeepClone()))["input_tokens"]!;
        var message = await server.CallAsync(Messages, body.With("max_tokens", 4));
        Assert.Equal(counted, (int)message["usage"]!["input_tokens"]! + (int)message["usage"]!["cache_read_input_tokens"]!);
        var untold = (int)(await server.CallAsync(Counts, Ask("tools", "none")))["input_tokens"]!;
        Assert.True(counted > untold + 100);
        Assert.Equal(untold, (int)(await server.CallAsync(Counts, Chat("Weather?", "tools")))["input_tokens"]!);
    }

    [Fact]
    public async Task Uses_and_their_results_reach_the_model_as_chat_has_them()
    {
        var turns = JsonNode.Parse("""
            [{"role":"user","content":"Weather?"},
             {"role":"assistant","content":[
               {"type":"thinking","thinking":"Hm.","signature":"s"},
               {"type":"text","text":"Let me see.","citations":null},
               {"type":"tool_use","id":"toolu_1","name":"get_weather","input":{"city": "Rome", "days": 2},"caller":{"type":"direct"}},
               {"type":"tool_use","id":"toolu_2","name":"get_time","input":{}}]},
             {"role":"user","content":[
               {"type":"tool_result","tool_use_id":"toolu_1","content":"sunny <|eos|>","cache_control":{"type":"ephemeral"}},
               {"type":"tool_result","tool_use_id":"toolu_2","content":[{"type":"text","text":"no"},{"type":"text","text":"clock"}],"is_error":true},
               {"type":"text","text":"Well?"}]},
             {"role":"assistant","content":[{"type":"tool_use","id":"toolu_3","name":"get_time","input":{}}]},
             {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_3"}]}]
            """)!;
        var messages = JsonNode.Parse("""
            [{"role":"user","content":"Weather?"},
             {"role":"assistant","reasoning_content":"Hm.","content":"Let me see.","tool_calls":[
               {"id":"toolu_1","type":"function","function":{"name":"get_weather","arguments":"{\"city\": \"Rome\", \"days\": 2}"}},
               {"id":"toolu_2","type":"function","function":{"name":"get_time","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"toolu_1","content":"sunny <|eos|>"},
             {"role":"tool","tool_call_id":"toolu_2","content":"Error: no\nclock"},
             {"role":"user","content":"Well?"},
             {"role":"assistant","content":"","tool_calls":[{"id":"toolu_3","type":"function","function":{"name":"get_time","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"toolu_3","content":""}]
            """)!;
        var message = await server.CallAsync(Messages, Ask("thinker", "auto").With("messages", turns).With("max_tokens", 30).With("thinking", new JsonObject { ["type"] = "adaptive" }));
        var chat = await server.CallAsync(Chats, Chat("x", "thinker").With("messages", messages).With("tools", SameTools()).With("max_tokens", 30));
        Assert.Equal(Usage(chat).Prompt, (int)message["usage"]!["input_tokens"]! + (int)message["usage"]!["cache_read_input_tokens"]!);
        Assert.Equal(Said(chat), ((string?)message["content"]![0]!["thinking"], (string)message["content"]![1]!["text"]!));
    }

    [Theory]
    [InlineData("tools", """[{"type":"web_search_20250305","name":"web_search"}]""", "'tools[0].type' must be custom")]
    [InlineData("tools", """[{"type":"mcp_toolset","mcp_server_name":"a"}]""", "'tools[0].type' must be custom")]
    [InlineData("tools", """[{"input_schema":{"type":"object"}}]""", "'tools[0].name' is required")]
    [InlineData("tools", """[{"name":"a"}]""", "'tools[0].input_schema' is required")]
    [InlineData("tools", """[{"name":"a b","input_schema":{"type":"object"}}]""", "'tools[0].name' must have 1 to 128")]
    [InlineData("tools", """[{"name":"a","input_schema":{"type":"object"}},{"name":"a","input_schema":{"type":"object"}}]""", "Two tools")]
    [InlineData("tools", """[{"name":"a","input_schema":{"type":"strin"}}]""", "'tools' cannot be enforced")]
    [InlineData("tools", """[{"name":"a","strict":true,"input_schema":{"not":{}}}]""", "'tools' cannot be enforced")]
    [InlineData("tools", """[null]""", "'tools[0]' must be an object")]
    [InlineData("tools", """7""", "'tools' must be an array of tools")]
    [InlineData("tool_choice", "\"auto\"", "'tool_choice' must be an object")]
    [InlineData("tool_choice", """{"type":"required"}""", "'tool_choice.type' must be")]
    [InlineData("tool_choice", """{"type":"tool"}""", "'tool_choice.name' is required")]
    [InlineData("tool_choice", """{"type":"tool","name":"other"}""", "not among the 'tools'")]
    [InlineData("tool_choice", """{"type":"auto","name":"get_time"}""", "'tool_choice.name' does not go")]
    [InlineData("messages", """[{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":"x"}]}]""", "'messages[0].content[0].tool_use_id' is the id of no call")]
    [InlineData("messages", """[{"role":"user","content":[{"type":"tool_result","content":"x"}]}]""", "'messages[0].content[0].tool_use_id' is required")]
    [InlineData("messages", """[{"role":"user","content":[{"type":"tool_use","id":"1","name":"a","input":{}}]}]""", "'messages[0].content[0]' may only be a block of type text or tool_result")]
    [InlineData("messages", """[{"role":"assistant","content":[{"type":"tool_result","tool_use_id":"1"}]},{"role":"user","content":"a"}]""", "'messages[0].content[0]' may only be a block of type text, thinking or tool_use")]
    [InlineData("messages", """[{"role":"assistant","content":[{"type":"tool_use","name":"a","input":{}}]},{"role":"user","content":"a"}]""", "'messages[0].content[0].id' is required")]
    [InlineData("messages", """[{"role":"assistant","content":[{"type":"tool_use","id":"1","input":{}}]},{"role":"user","content":"a"}]""", "'messages[0].content[0].name' is required")]
    [InlineData("messages", """[{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"a"}]},{"role":"user","content":"a"}]""", "'messages[0].content[0].input' is required")]
    [InlineData("messages", """[{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"a","input":"{}"}]},{"role":"user","content":"a"}]""", "'messages[0].content[0].input' must be an object")]
    [InlineData("messages", """[{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"a","input":{}},{"type":"tool_use","id":"1","name":"a","input":{}}]},{"role":"user","content":"a"}]""", "'messages[0].content[1].id' is the id of an earlier call")]
    [InlineData("messages", """[{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"a","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":[{"type":"image"}]}]}]""", "'messages[1].content[0].content[0]' may only be a block of type text")]
    [InlineData("messages", """[{"role":"user","content":[{"type":"text","text":"a","is_error":true}]}]""", "'messages[0].content[0].is_error' does not go")]
    public async Task What_is_no_tool_and_no_use_is_a_clear_400(string field, string value, string message)
    {
        foreach (var path in value.Contains("strin\"", StringComparison.Ordinal) || value.Contains("not\"", StringComparison.Ordinal) ? [Messages] : (string[])[Messages, Counts])
        {
            using var response = await server.PostAsync(path, Ask("tools", "auto").With(field, JsonNode.Parse(value)));
            var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;
            Assert.Equal((HttpStatusCode.BadRequest, "invalid_request_error"), (response.StatusCode, (string)error["type"]!));
            Assert.Contains(message, (string)error["message"]!, StringComparison.Ordinal);
        }

        await server.BecomesIdle();
    }

    [Fact]
    public async Task A_model_that_is_told_nothing_of_tools_refuses_to_choose()
    {
        using var refused = await server.PostAsync(Messages, Ask("plain", "auto"));
        Assert.Contains("of type any, tool or none", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var none = await server.PostAsync(Messages, Chat().With("tool_choice", new JsonObject { ["type"] = "any" }));
        Assert.Equal(HttpStatusCode.BadRequest, none.StatusCode);
    }

    private static JsonObject Ask(string model, string choice, bool disableParallel = false)
    {
        var chosen = new JsonObject { ["type"] = choice };
        if (disableParallel) chosen["disable_parallel_tool_use"] = true;
        return Chat("Weather?", model).With("max_tokens", 400).With("tools", MessageTools()).With("tool_choice", chosen);
    }

    // Chat's tools with the schemas Anthropic's have to have.
    private static JsonArray SameTools() => new([.. MessageTools().Select(tool => (JsonNode)new JsonObject
    {
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = tool!["name"]!.DeepClone(), ["description"] = tool["description"]!.DeepClone(), ["parameters"] = tool["input_schema"]!.DeepClone() },
    })]);

    private static List<string> Blocks(JsonNode message) => [.. message["content"]!.AsArray().Select(block => $"{block!["type"]} {block["name"]} {block["text"] ?? block["thinking"] ?? block["input"]!.ToJsonString()}")];

    /// <summary>What a stream's events build up to, each checked against what it may say where it stands.</summary>
    private static List<string> Follow(IReadOnlyList<SseEvent> events, string stopReason)
    {
        Assert.Equal(["message_start", "ping"], events.Take(2).Select(entry => entry.Name));
        Assert.Equal(["message_delta", "message_stop"], events.TakeLast(2).Select(entry => entry.Name));
        Assert.Equal(stopReason, (string)events[^2].Json["delta"]!["stop_reason"]!);
        var done = new List<string>();
        JsonNode? open = null;
        var text = "";
        foreach (var entry in events.Skip(2).SkipLast(2).Where(entry => entry.Name != "ping").Select(entry => entry.Json))
        {
            Assert.Equal(done.Count, (int)entry["index"]!);
            switch ((string)entry["type"]!)
            {
                case "content_block_start":
                    Assert.Null(open);
                    (open, text) = (entry["content_block"]!, "");
                    Assert.Equal("", (string?)open["text"] ?? (string?)open["thinking"] ?? (open["input"]!.ToJsonString() == "{}" ? "" : "filled"));
                    break;
                case "content_block_delta":
                    var delta = entry["delta"]!;
                    var expected = (string)open!["type"]! switch { "text" => "text_delta", "tool_use" => "input_json_delta", _ => (string)delta["type"]! };
                    Assert.Equal(expected, (string)delta["type"]!);
                    text += (string?)(delta["text"] ?? delta["thinking"] ?? delta["partial_json"]);
                    break;
                default:
                    Assert.Equal("content_block_stop", (string)entry["type"]!);
                    done.Add($"{open!["type"]} {open["name"]} {((string)open["type"]! == "tool_use" ? JsonNode.Parse(text)!.ToJsonString() : text)}");
                    open = null;
                    break;
            }
        }

        Assert.Null(open);
        return done;
    }
}
