using System.ClientModel;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using OpenAI;
using OpenAI.Chat;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.OpenAI;

/// <summary>Tools over real HTTP: calls that small random models are made to write, and conversations that hold some.</summary>
public sealed class ToolTests(ToolTests.Server server) : IClassFixture<ToolTests.Server>
{
    private const string Weather =
        """{"type":"object","properties":{"city":{"type":"string","maxLength":8},"days":{"type":"integer","minimum":1,"maximum":9}},"required":["city","days"],"additionalProperties":false}""";

    [Theory]
    [InlineData("tools")]
    [InlineData("plain")]
    [InlineData("tiny")]
    [InlineData("tas-stories")]
    [InlineData("tpo-stories")]
    public async Task A_call_that_is_required_comes_whole_and_streamed(string model)
    {
        var body = Chat("Weather?", model).With("max_tokens", 400).With("tools", Tools()).With("tool_choice", "required").With("parallel_tool_calls", false);
        var choice = (await server.CallAsync(Chats, body))["choices"]![0]!;
        var call = Assert.Single(choice["message"]!["tool_calls"]!.AsArray())!;
        Assert.Equal(("tool_calls", "function"), ((string)choice["finish_reason"]!, (string)call["type"]!));
        Assert.Null(choice["message"]!["content"]);
        Check((string)call["function"]!["name"]!, (string)call["function"]!["arguments"]!);

        var streamed = new JsonObject { ["name"] = "", ["arguments"] = "" };
        var (ids, reason, content) = (new List<string>(), "", "");
        foreach (var part in (await server.StreamAsync(Chats, body)).Where(chunk => !chunk.IsDone).SelectMany(chunk => chunk.Json["choices"]!.AsArray()))
        {
            content += (string?)part!["delta"]!["content"];
            reason = (string?)part["finish_reason"] ?? reason;
            foreach (var delta in part["delta"]!["tool_calls"]?.AsArray() ?? [])
            {
                Assert.Equal(0, (int)delta!["index"]!);
                if ((string?)delta["id"] is { } id) ids.Add(id);
                streamed["name"] = (string?)streamed["name"] + (string?)delta["function"]!["name"];
                streamed["arguments"] = (string?)streamed["arguments"] + (string?)delta["function"]!["arguments"];
            }
        }

        Assert.Equal(("tool_calls", ""), (reason, content));
        Assert.StartsWith("call_", Assert.Single(ids), StringComparison.Ordinal);
        Assert.Equal(call["function"]!.ToJsonString(), streamed.ToJsonString());
    }

    [Fact]
    public async Task A_function_that_is_named_is_the_one_that_is_called()
    {
        for (var seed = 0; seed < 3; seed++)
        {
            var body = Chat("Weather?", "tools").With("seed", seed).With("n", 2).With("max_tokens", 300).With("tools", Tools()).With("logprobs", true)
                .With("tool_choice", new JsonObject { ["type"] = "function", ["function"] = new JsonObject { ["name"] = "get_time" } });
            foreach (var choice in (await server.CallAsync(Chats, body))["choices"]!.AsArray())
            {
                var call = Assert.Single(choice!["message"]!["tool_calls"]!.AsArray())!["function"]!;
                Assert.Equal(("get_time", "{}"), ((string)call["name"]!, (string)call["arguments"]!));
                Assert.NotEmpty(choice["logprobs"]!["content"]!.AsArray());
            }
        }
    }

    [Fact]
    public async Task A_model_that_may_choose_answers_in_text_or_calls()
    {
        var body = Chat("Weather?", "tools").With("max_tokens", 40).With("tools", Tools());
        var choice = (await server.CallAsync(Chats, body))["choices"]![0]!;
        Assert.NotEmpty((string)choice["message"]!["content"]!);
        Assert.Equal("length", (string)choice["finish_reason"]!);
        // Its template shows it the tools, unless it may not use them.
        var told = Usage(await server.CallAsync(Chats, body)).Prompt;
        Assert.Equal(Said(await server.StreamAsync(Chats, body)).Answer, (string)choice["message"]!["content"]!);
        var untold = Usage(await server.CallAsync(Chats, Chat("Weather?", "tools").With("max_tokens", 2).With("tools", Tools()).With("tool_choice", "none"))).Prompt;
        Assert.True(told > untold + 100);

        using var refused = await server.PostAsync(Chats, Chat("Weather?", "plain").With("tools", Tools()));
        var error = JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["error"]!;
        Assert.Equal((HttpStatusCode.BadRequest, "unsupported_parameter", "tool_choice"), (refused.StatusCode, (string)error["code"]!, (string)error["param"]!));
    }

    [Fact]
    public async Task Earlier_calls_and_their_results_are_shown_as_the_template_shows_them()
    {
        var messages = JsonNode.Parse("""
            [{"role":"user","content":"Weather?"},
             {"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\"city\": \"Rome\", \"days\": 2}"}}]},
             {"role":"tool","tool_call_id":"call_1","content":"sunny <|eos|>"}]
            """)!;
        var tokenized = await server.CallAsync("/tokenize", new JsonObject { ["model"] = "tools", ["messages"] = messages.DeepClone() });
        var text = await server.CallAsync("/detokenize", new JsonObject { ["model"] = "tools", ["tokens"] = tokenized["tokens"]!.DeepClone() });
        const string Expected =
            "<|bos|><|user|>Weather?<|assistant|><tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Rome\", \"days\": 2}}\n</tool_call><|eos|><|tool|>sunny <|eos|><|assistant|>";
        Assert.Equal(Expected, (string?)text["prompt"]);
        // The one of the template is a token, that of the tool is text.
        Assert.Equal(1, tokenized["tokens"]!.AsArray().Count(id => (int)id! == 257));
        var chat = Chat("x", "tools").With("messages", messages).With("max_tokens", 4);
        Assert.Equal((int)tokenized["count"]!, Usage(await server.CallAsync(Chats, chat)).Prompt);
    }

    [Theory]
    [InlineData("tool_choice", "\"always\"", "tool_choice", "invalid_value")]
    [InlineData("tool_choice", "{\"type\":\"function\",\"function\":{\"name\":\"other\"}}", "tool_choice.function.name", "invalid_value")]
    [InlineData("tool_choice", "3", "tool_choice", "invalid_type")]
    [InlineData("tools", "[{\"type\":\"retrieval\",\"function\":{\"name\":\"a\"}}]", "tools[0].type", "unsupported_parameter")]
    [InlineData("tools", "[{\"type\":\"function\",\"function\":{\"name\":\"a b\"}}]", "tools[0].function.name", "invalid_value")]
    [InlineData("tools", "[{\"type\":\"function\",\"function\":{\"name\":\"a\"}},{\"type\":\"function\",\"function\":{\"name\":\"a\"}}]", "tools[1].function.name", "invalid_value")]
    [InlineData("tools", "[{\"type\":\"function\",\"function\":{\"name\":\"a\",\"parameters\":{\"type\":\"strin\"}}}]", "tools", "invalid_json_schema")]
    [InlineData("tools", "[{\"type\":\"function\",\"function\":{\"name\":\"a\",\"strict\":true,\"parameters\":{\"not\":{}}}}]", "tools", "unsupported_json_schema")]
    [InlineData("messages", "[{\"role\":\"tool\",\"content\":\"x\"}]", "messages[0].tool_call_id", "missing_required_parameter")]
    [InlineData("messages", "[{\"role\":\"user\",\"content\":\"x\",\"tool_calls\":[{\"id\":\"1\",\"type\":\"function\",\"function\":{\"name\":\"a\",\"arguments\":\"{}\"}}]}]", "messages[0].tool_calls", "invalid_value")]
    public async Task What_is_no_tool_is_a_clear_400(string field, string value, string param, string code)
    {
        using var response = await server.PostAsync(Chats, Chat("x", "tools").With("tools", Tools()).With(field, JsonNode.Parse(value)));
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;
        Assert.Equal((HttpStatusCode.BadRequest, code, param), (response.StatusCode, (string)error["code"]!, (string)error["param"]!));
    }

    [Fact]
    public async Task OpenAIs_own_client_reads_calls_and_sends_results_back()
    {
        var client = new ChatClient("tools", new ApiKeyCredential("unused"), new OpenAIClientOptions { Endpoint = new Uri(server.Http.BaseAddress!, "/v1") });
        var options = new ChatCompletionOptions { MaxOutputTokenCount = 300, Temperature = 0, AllowParallelToolCalls = false, ToolChoice = ChatToolChoice.CreateRequiredChoice() };
        options.Tools.Add(ChatTool.CreateFunctionTool("get_weather", "The weather", BinaryData.FromString(Weather), functionSchemaIsStrict: true));
        List<ChatMessage> messages = [new UserChatMessage("Weather?")];
        ChatCompletion first = await client.CompleteChatAsync(messages, options);
        Assert.Equal(ChatFinishReason.ToolCalls, first.FinishReason);
        Assert.All(first.ToolCalls, call => Check(call.FunctionName, call.FunctionArguments.ToString()));
        messages.Add(new AssistantChatMessage(first));
        messages.AddRange(first.ToolCalls.Select(call => new ToolChatMessage(call.Id, "sunny")));
        ChatCompletion second = await client.CompleteChatAsync(messages, new ChatCompletionOptions { MaxOutputTokenCount = 8 });
        Assert.True(second.Usage.InputTokenCount > first.ToolCalls[0].FunctionArguments.ToString().Length + "Weather?<tool_call>get_weather".Length);

        var arguments = "";
        await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage("Weather?")], options))
            arguments += string.Concat(update.ToolCallUpdates.Where(call => call.Index == 0).Select(call => call.FunctionArgumentsUpdate?.ToString()));
        Assert.Equal(first.ToolCalls[0].FunctionArguments.ToString(), arguments);
    }

    private static JsonArray Tools() => new(
        Function("get_weather", JsonNode.Parse(Weather)),
        Function("get_time", null));

    private static JsonObject Function(string name, JsonNode? parameters) => new()
    {
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = name, ["description"] = "It does what it says.", ["parameters"] = parameters, ["strict"] = parameters is null ? null : true },
    };

    private static void Check(string name, string arguments)
    {
        var json = JsonDocument.Parse(arguments).RootElement;
        if (name == "get_time")
        {
            Assert.Equal("{}", arguments);
            return;
        }

        Assert.Equal("get_weather", name);
        Assert.Equal(["city", "days"], json.EnumerateObject().Select(property => property.Name));
        Assert.InRange(json.GetProperty("days").GetInt32(), 1, 9);
    }

    public sealed class Server : TestServer
    {
        protected override IReadOnlyDictionary<string, string> ExtraSettings => new Dictionary<string, string>
        {
            ["Models:3:Path"] = TinyCheckpoint.Write(Path.Combine(Folder, "tools"), "tools", context: 2048),
            ["Models:4:Path"] = Repository.Path("checkpoints/tas-stories"),
            ["Models:5:Path"] = Repository.Path("checkpoints/tpo-stories"),
        };
    }
}
