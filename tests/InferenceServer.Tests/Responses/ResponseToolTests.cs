using System.Net;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;
using static InferenceServer.Tests.Support.ToolBodies;

namespace InferenceServer.Tests.Responses;

/// <summary>Function tools at /v1/responses over real HTTP: what small random models are made to call, event by event, and conversations that hold calls.</summary>
public sealed class ResponseToolTests(ToolServer server) : IClassFixture<ToolServer>
{
    [Theory]
    [InlineData("tools")]
    [InlineData("plain")]
    [InlineData("tiny")]
    [InlineData("thinker")]
    [InlineData("tas-stories")]
    [InlineData("tpo-stories")]
    public async Task A_call_that_is_required_is_an_item_of_its_own_whole_and_event_by_event(string model)
    {
        var body = Ask(model).With("tool_choice", "required").With("parallel_tool_calls", false);
        var response = await server.CallAsync(Answers, body);
        Assert.Equal(("completed", false), ((string)response["status"]!, (bool)response["parallel_tool_calls"]!));
        var call = response["output"]!.AsArray()[^1]!;
        Assert.Equal(("function_call", "completed"), ((string)call["type"]!, (string)call["status"]!));
        Assert.StartsWith("fc_", (string)call["id"]!, StringComparison.Ordinal);
        Assert.StartsWith("call_", (string)call["call_id"]!, StringComparison.Ordinal);
        CheckCall((string)call["name"]!, (string)call["arguments"]!);

        // Chat makes the same of the same request.
        var chat = await server.CallAsync(Chats, Chat("Weather?", model).With("max_tokens", 400).With("tools", ChatTools()).With("tool_choice", "required").With("parallel_tool_calls", false));
        var twin = chat["choices"]![0]!["message"]!;
        Assert.Equal((string)twin["tool_calls"]![0]!["function"]!["arguments"]!, (string)call["arguments"]!);
        Assert.Equal((string?)twin["reasoning_content"] ?? "", Thought(response));
        Assert.Equal(Usage(chat).Completion, (int)response["usage"]!["output_tokens"]!);

        var events = await server.StreamAsync(Answers, body);
        Assert.Equal(Output(response), Follow(events));
        var names = events.Select(entry => entry.Name!).Where(name => !name.EndsWith("delta", StringComparison.Ordinal)).ToList();
        string[] thoughts = ["response.output_item.added", "response.content_part.added", "response.reasoning_text.done", "response.content_part.done", "response.output_item.done"];
        Assert.Equal(
            [
                "response.created", "response.in_progress", .. Thought(response).Length > 0 ? thoughts : [],
                "response.output_item.added", "response.function_call_arguments.done", "response.output_item.done", "response.completed",
            ],
            names);
    }

    [Fact]
    public async Task Several_calls_are_several_items()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var body = Ask("tools").With("tool_choice", "required").With("seed", seed).With("max_tokens", 1500);
            var response = await server.CallAsync(Answers, body);
            var output = response["output"]!.AsArray();
            if (output.Count < 2 || (string)response["status"]! != "completed") continue;
            Assert.All(output, item => CheckCall((string)item!["name"]!, (string)item["arguments"]!));
            Assert.Equal(output.Count, output.Select(item => (string)item!["call_id"]!).Distinct().Count());
            Assert.Equal(output.Count, output.Select(item => (string)item!["id"]!).Distinct().Count());
            Assert.Equal(Output(response), Follow(await server.StreamAsync(Answers, body)));
            return;
        }

        Assert.Fail("No seed made two calls.");
    }

    [Fact]
    public async Task Text_before_a_call_is_a_message_with_its_log_probabilities()
    {
        // The marker is a token: some bias, and it comes after some text.
        for (var seed = 0; seed < 40; seed++)
        {
            var body = Ask("thinker").With("seed", seed).With("parallel_tool_calls", false).With("thinking_token_budget", 4).With("logit_bias", new JsonObject { [$"{TinyCheckpoint.MarkerId}"] = 5 })
                .With("include", new JsonArray("message.output_text.logprobs"));
            var response = await server.CallAsync(Answers, body);
            var output = response["output"]!.AsArray();
            if (!output.Select(item => (string)item!["type"]!).SequenceEqual(["reasoning", "message", "function_call"])) continue;
            var part = output[1]!["content"]![0]!;
            var text = (string)part["text"]!;
            Assert.DoesNotContain("tool_call", text, StringComparison.Ordinal);
            Assert.StartsWith(text, string.Concat(part["logprobs"]!.AsArray().Select(entry => (string)entry!["token"]!)), StringComparison.Ordinal);
            var events = await server.StreamAsync(Answers, body);
            Assert.Equal(Output(response), Follow(events));
            var deltas = events.Where(entry => entry.Name == "response.output_text.delta").ToList();
            Assert.Equal(text.Length, deltas.Count(entry => ((string)entry.Json["delta"]!).Length > 0));
            Assert.Equal(part["logprobs"]!.ToJsonString(), new JsonArray([.. deltas.SelectMany(entry => entry.Json["logprobs"]!.AsArray()).Select(entry => entry!.DeepClone())]).ToJsonString());
            return;
        }

        Assert.Fail("No seed made a call behind some text.");
    }

    [Fact]
    public async Task Thoughts_between_the_words_leave_a_call_whole()
    {
        var body = Ask("weigher").With("tool_choice", "required").With("parallel_tool_calls", false).With("thoughts", "all").With("max_tokens", 200);
        var response = await server.CallAsync(Answers, body);
        var output = response["output"]!.AsArray();
        Assert.Equal("function_call", (string)Assert.Single(output, item => (string)item!["type"]! != "reasoning")!["type"]!);
        Assert.Contains(output, item => (string)item!["type"]! == "reasoning");
        Assert.Equal(Output(response), Follow(await server.StreamAsync(Answers, body)));
    }

    [Fact]
    public async Task A_call_that_the_limit_cuts_is_incomplete_and_says_so()
    {
        var body = Ask("tools").With("max_output_tokens", 62).With("max_tokens", null).With("tool_choice", new JsonObject { ["type"] = "function", ["name"] = "get_weather" });
        var response = await server.CallAsync(Answers, body);
        var item = Assert.Single(response["output"]!.AsArray())!;
        Assert.Equal(("incomplete", "max_output_tokens"), ((string)response["status"]!, (string)response["incomplete_details"]!["reason"]!));
        Assert.Equal(("get_weather", "incomplete"), ((string)item["name"]!, (string)item["status"]!));
        Assert.StartsWith("{", (string)item["arguments"]!, StringComparison.Ordinal);
        var events = await server.StreamAsync(Answers, body);
        Assert.Equal("response.incomplete", events[^1].Name);
        Assert.Equal(Output(response), Follow(events));
    }

    [Fact]
    public async Task A_model_that_may_choose_answers_in_text_and_is_told_of_the_tools()
    {
        var body = Ask("tools").With("max_tokens", 40);
        var response = await server.CallAsync(Answers, body);
        Assert.Equal("message", (string)Assert.Single(response["output"]!.AsArray())!["type"]!);
        Assert.Equal(Output(response), Follow(await server.StreamAsync(Answers, body)));
        var untold = await server.CallAsync(Answers, Ask("tools").With("max_tokens", 2).With("tool_choice", "none"));
        Assert.True((int)response["usage"]!["input_tokens"]! > (int)untold["usage"]!["input_tokens"]! + 100);

        var bound = await server.CallAsync(Answers, Ask("tools").With("text", JsonNode.Parse("""{"format":{"type":"json_schema","name":"n","schema":{"const":"yes"}}}""")));
        foreach (var item in bound["output"]!.AsArray())
        {
            if ((string)item!["type"]! == "message") Assert.Equal("\"yes\"", ((string)item["content"]![0]!["text"]!).Trim());
            else CheckCall((string)item["name"]!, (string)item["arguments"]!);
        }
    }

    [Fact]
    public async Task What_was_asked_of_tools_is_sent_back()
    {
        var choice = new JsonObject { ["type"] = "function", ["name"] = "get_time" };
        var response = await server.CallAsync(Answers, Ask("tools").With("tool_choice", choice.DeepClone()).With("max_tool_calls", 3));
        Assert.Equal(choice.ToJsonString(), response["tool_choice"]!.ToJsonString());
        Assert.Equal((true, 3), ((bool)response["parallel_tool_calls"]!, (int)response["max_tool_calls"]!));
        Assert.Equal(FlatTools().Select(tool => tool!.ToJsonString()), response["tools"]!.AsArray().Select(tool => tool!.ToJsonString()));
        var call = Assert.Single(response["output"]!.AsArray())!;
        Assert.Equal(("get_time", "{}"), ((string)call["name"]!, (string)call["arguments"]!));

        var plain = await server.CallAsync(Answers, Response());
        Assert.Equal(("auto", "[]", true), ((string)plain["tool_choice"]!, plain["tools"]!.ToJsonString(), (bool)plain["parallel_tool_calls"]!));
        Assert.Null(plain["max_tool_calls"]);
    }

    [Fact]
    public async Task Calls_and_what_they_came_to_reach_the_model_as_chat_has_them()
    {
        var input = JsonNode.Parse("""
            [{"role":"user","content":"Weather?"},
             {"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"Hm."}]},
             {"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Let me see.","annotations":[]}]},
             {"type":"function_call","id":"fc_1","call_id":"call_1","name":"get_weather","arguments":"{\"city\": \"Rome\", \"days\": 2}","status":"completed","parsed_arguments":{"city":"Rome"}},
             {"type":"function_call","call_id":"call_2","name":"get_time","arguments":"{}","caller":{"type":"direct"}},
             {"type":"function_call_output","id":null,"call_id":"call_1","output":"sunny <|eos|>","status":"completed"},
             {"type":"function_call_output","call_id":"call_2","output":[{"type":"input_text","text":"noon"},{"type":"input_text","text":"sharp"}]},
             {"type":"function_call","call_id":"call_3","name":"get_time","arguments":"{}"},
             {"type":"function_call_output","call_id":"call_3","output":""}]
            """)!;
        var messages = JsonNode.Parse("""
            [{"role":"user","content":"Weather?"},
             {"role":"assistant","reasoning_content":"Hm.","content":"Let me see.","tool_calls":[
               {"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\"city\": \"Rome\", \"days\": 2}"}},
               {"id":"call_2","type":"function","function":{"name":"get_time","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"call_1","content":"sunny <|eos|>"},
             {"role":"tool","tool_call_id":"call_2","content":"noon\nsharp"},
             {"role":"assistant","tool_calls":[{"id":"call_3","type":"function","function":{"name":"get_time","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"call_3","content":""}]
            """)!;
        var response = await server.CallAsync(Answers, Ask("thinker").With("input", input).With("max_tokens", 30));
        var chat = await server.CallAsync(Chats, Chat("x", "thinker").With("messages", messages).With("tools", ChatTools()).With("max_tokens", 30));
        Assert.Equal(Usage(chat).Prompt, (int)response["usage"]!["input_tokens"]!);
        Assert.Equal((string?)chat["choices"]![0]!["message"]!["reasoning_content"] ?? "", Thought(response));
        Assert.Equal(Said(chat).Answer, string.Concat(response["output"]!.AsArray().Where(item => (string)item!["type"]! == "message").Select(item => (string)item!["content"]![0]!["text"]!)));
    }

    [Fact]
    public async Task An_answer_with_a_call_is_sent_back_as_it_came()
    {
        var first = await server.CallAsync(Answers, Ask("thinker").With("tool_choice", "required").With("parallel_tool_calls", false));
        var call = first["output"]!.AsArray()[^1]!;
        var input = new JsonArray([
            new JsonObject { ["role"] = "user", ["content"] = "Weather?" },
            .. first["output"]!.AsArray().Select(item => item!.DeepClone()),
            new JsonObject { ["type"] = "function_call_output", ["call_id"] = call["call_id"]!.DeepClone(), ["output"] = "sunny" },
        ]);
        var second = await server.CallAsync(Answers, Ask("thinker").With("input", input).With("max_tokens", 20));
        Assert.True((int)second["usage"]!["input_tokens"]! > (int)first["usage"]!["input_tokens"]! + ((string)call["arguments"]!).Length);
    }

    [Theory]
    [InlineData("tools", """[{"type":"web_search"}]""", "tools[0].type", "unsupported_parameter")]
    [InlineData("tools", """[{"type":"file_search","vector_store_ids":["a"]}]""", "tools[0].type", "unsupported_parameter")]
    [InlineData("tools", """[{"type":"custom","name":"a"}]""", "tools[0].type", "unsupported_parameter")]
    [InlineData("tools", """[{"type":"function","function":{"name":"a"}}]""", "tools[0].function", "unknown_parameter")]
    [InlineData("tools", """[{"type":"function"}]""", "tools[0].name", "missing_required_parameter")]
    [InlineData("tools", """[{"name":"a"}]""", "tools[0]", "invalid_type")]
    [InlineData("tools", """[null]""", "tools[0]", "invalid_type")]
    [InlineData("tools", """{}""", "tools", "invalid_type")]
    [InlineData("tools", """[{"type":"function","name":"a b"}]""", "tools[0].name", "invalid_value")]
    [InlineData("tools", """[{"type":"function","name":"a"},{"type":"function","name":"a"}]""", "tools[1].name", "invalid_value")]
    [InlineData("tools", """[{"type":"function","name":"a","parameters":{"type":"strin"}}]""", "tools", "invalid_json_schema")]
    [InlineData("tools", """[{"type":"function","name":"a","strict":true,"parameters":{"not":{}}}]""", "tools", "unsupported_json_schema")]
    [InlineData("tool_choice", "\"always\"", "tool_choice", "invalid_value")]
    [InlineData("tool_choice", "3", "tool_choice", "invalid_type")]
    [InlineData("tool_choice", """{"type":"function"}""", "tool_choice.name", "missing_required_parameter")]
    [InlineData("tool_choice", """{"type":"function","name":"other"}""", "tool_choice.name", "invalid_value")]
    [InlineData("tool_choice", """{"type":"web_search_preview"}""", "tool_choice.type", "unsupported_parameter")]
    [InlineData("tool_choice", """{"type":"allowed_tools","mode":"auto","tools":[]}""", "tool_choice.type", "unsupported_parameter")]
    [InlineData("parallel_tool_calls", "1", "parallel_tool_calls", "invalid_type")]
    [InlineData("max_tool_calls", "0", "max_tool_calls", "invalid_value")]
    [InlineData("max_tool_calls", "\"1\"", "max_tool_calls", "invalid_type")]
    [InlineData("input", """[{"type":"function_call","name":"a","arguments":"{}"}]""", "input[0].call_id", "missing_required_parameter")]
    [InlineData("input", """[{"type":"function_call","call_id":"1","arguments":"{}"}]""", "input[0].name", "missing_required_parameter")]
    [InlineData("input", """[{"type":"function_call","call_id":"1","name":"a"}]""", "input[0].arguments", "missing_required_parameter")]
    [InlineData("input", """[{"type":"function_call","call_id":"1","name":"a","arguments":{}}]""", "input", "invalid_type")]
    [InlineData("input", """[{"type":"function_call","call_id":"1","name":"a","arguments":"{}","content":"x"}]""", "input[0].content", "unknown_parameter")]
    [InlineData("input", """[{"type":"function_call","call_id":"1","name":"a","arguments":"{}"},{"type":"function_call","call_id":"1","name":"a","arguments":"{}"}]""", "input[1].call_id", "invalid_value")]
    [InlineData("input", """[{"type":"function_call_output","call_id":"1","output":"x"}]""", "input[0].call_id", "invalid_value")]
    [InlineData("input", """[{"type":"function_call_output","output":"x"}]""", "input[0].call_id", "missing_required_parameter")]
    [InlineData("input", """[{"type":"function_call","call_id":"1","name":"a","arguments":"{}"},{"type":"function_call_output","call_id":"1"}]""", "input[1].output", "missing_required_parameter")]
    [InlineData("input", """[{"type":"function_call","call_id":"1","name":"a","arguments":"{}"},{"type":"function_call_output","call_id":"1","output":[{"type":"input_image","image_url":"x"}]}]""", "input[1].output", "unsupported_parameter")]
    [InlineData("input", """[{"type":"web_search_call","id":"1"}]""", "input[0].type", "unsupported_parameter")]
    [InlineData("input", """[{"role":"user","content":"a","output":"b"}]""", "input[0].output", "unknown_parameter")]
    public async Task What_is_no_tool_and_no_call_is_a_clear_400(string field, string value, string param, string code)
    {
        using var response = await server.PostAsync(Answers, Ask("tools").With(field, JsonNode.Parse(value)));
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;
        Assert.Equal((HttpStatusCode.BadRequest, code, param), (response.StatusCode, (string)error["code"]!, (string)error["param"]!));
        await server.BecomesIdle();
    }

    [Fact]
    public async Task A_model_that_is_told_nothing_of_tools_refuses_to_choose_and_to_read_calls()
    {
        using var choice = await server.PostAsync(Answers, Ask("plain"));
        Assert.Equal("tool_choice", (string)JsonNode.Parse(await choice.Content.ReadAsStringAsync())!["error"]!["param"]!);
        var calls = JsonNode.Parse("""[{"role":"user","content":"a"},{"type":"function_call","call_id":"1","name":"a","arguments":"{}"}]""");
        using var read = await server.PostAsync(Answers, Response(model: "bare").With("input", calls));
        Assert.Equal((HttpStatusCode.BadRequest, "input[1]"), (read.StatusCode, (string)JsonNode.Parse(await read.Content.ReadAsStringAsync())!["error"]!["param"]!));
        using var none = await server.PostAsync(Answers, Response().With("tool_choice", "required"));
        Assert.Equal(HttpStatusCode.BadRequest, none.StatusCode);
    }

    private static JsonObject Ask(string model) => Response("Weather?", model).With("max_tokens", 400).With("tools", FlatTools());

    private static string Thought(JsonObject response) => string.Concat(
        response["output"]!.AsArray().Where(item => (string)item!["type"]! == "reasoning").Select(item => (string)item!["content"]![0]!["text"]!));

    /// <summary>Items without the ids, which are new each time.</summary>
    private static List<string> Output(JsonNode response) => [.. response["output"]!.AsArray().Select(Words)];

    private static string Words(JsonNode? item) =>
        $"{item!["type"]} {item["status"]} {item["name"]} {item["arguments"]}{string.Concat(item["content"]?.AsArray().Select(part => (string)part!["text"]!) ?? [])}";

    /// <summary>What a stream's events build up to, each checked against what it may say where it stands.</summary>
    private static List<string> Follow(IReadOnlyList<SseEvent> events)
    {
        Assert.Equal(Enumerable.Range(0, events.Count), events.Select(entry => (int)entry.Json["sequence_number"]!));
        var done = new List<string>();
        JsonNode? open = null;
        var text = "";
        foreach (var entry in events.Select(entry => entry.Json).Where(entry => entry["output_index"] is not null))
        {
            Assert.Equal(done.Count, (int)entry["output_index"]!);
            var type = (string)entry["type"]!;
            var kind = (string?)open?["type"];
            if (type == "response.output_item.added")
            {
                Assert.Null(open);
                (open, text) = (entry["item"]!, "");
                Assert.Equal(("in_progress", ""), ((string)open["status"]!, (string?)open["arguments"] ?? ""));
                continue;
            }

            Assert.Equal((string)open!["id"]!, (string?)entry["item_id"] ?? (string)entry["item"]!["id"]!);
            if (type.EndsWith(".delta", StringComparison.Ordinal)) text += (string)entry["delta"]!;
            if (type.Contains("function_call_arguments", StringComparison.Ordinal)) Assert.Equal("function_call", kind);
            if (type.Contains("content_part", StringComparison.Ordinal) || type.Contains("_text.", StringComparison.Ordinal)) Assert.NotEqual("function_call", kind);
            if (type == "response.content_part.added") Assert.Empty((string)entry["part"]!["text"]!);
            if (type == "response.function_call_arguments.done") Assert.Equal((text, (string)open["name"]!), ((string)entry["arguments"]!, (string)entry["name"]!));
            if (type.EndsWith("_text.done", StringComparison.Ordinal)) Assert.Equal(text, (string)entry["text"]!);
            if (type != "response.output_item.done") continue;
            Assert.Equal((string?)open["call_id"], (string?)entry["item"]!["call_id"]);
            done.Add(Words(entry["item"]));
            Assert.EndsWith(text, done[^1], StringComparison.Ordinal);
            open = null;
        }

        Assert.Null(open);
        Assert.Equal(done, Output(events[^1].Json["response"]!));
        return done;
    }
}
