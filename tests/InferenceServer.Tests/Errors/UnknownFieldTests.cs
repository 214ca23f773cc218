using System.Collections;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using InferenceServer.Anthropic;
using InferenceServer.Native;
using InferenceServer.OpenAI;
using InferenceServer.Requests;
using InferenceServer.Responses;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Errors;

/// <summary>A field without a meaning is refused or named in the log, by setting, wherever in a request it stands; never dropped in silence.</summary>
public sealed class UnknownFieldTests(UnknownFieldTests.Strict strict, UnknownFieldTests.Lenient lenient)
    : IClassFixture<UnknownFieldTests.Strict>, IClassFixture<UnknownFieldTests.Lenient>
{
    private const string Field = "zzz";

    private static readonly Type[] Requests =
    [
        typeof(ChatRequest), typeof(CompletionRequest), typeof(ResponseRequest), typeof(MessagesRequest), typeof(CountTokensRequest), typeof(GenerateRequest),
        typeof(TokenizeRequest), typeof(DetokenizeRequest), typeof(ThoughtRequest),
    ];

    private static readonly Case[] All =
    [
        new(typeof(ChatMessage), Chats, "messages[0]", """{"messages":[{"role":"user","content":"a",UNKNOWN}]}"""),
        new(typeof(ChatMessage), "/tokenize", "messages[0]", """{"messages":[{"role":"user","content":"a",UNKNOWN}]}"""),
        new(typeof(ContentPart), Chats, "messages[0].content[1]", """{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"a",UNKNOWN}]}]}"""),
        new(typeof(ChatToolCall), Chats, "messages[1].tool_calls[0]", """{"messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"},UNKNOWN}]}]}"""),
        new(typeof(FunctionCall), Chats, "messages[1].tool_calls[0].function", """{"messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}",UNKNOWN}}]}]}"""),
        new(typeof(ChatTool), Chats, "tools[0]", """{MESSAGES,"tools":[{"type":"function","function":{"name":"f"},UNKNOWN}]}"""),
        new(typeof(FunctionDefinition), Chats, "tools[0].function", """{MESSAGES,"tools":[{"type":"function","function":{"name":"f",UNKNOWN}}]}"""),
        new(typeof(NamedTool), Chats, "tool_choice", """{MESSAGES,TOOLS,"tool_choice":{"type":"function","function":{"name":"f"},UNKNOWN}}"""),
        new(typeof(NamedFunction), Chats, "tool_choice.function", """{MESSAGES,TOOLS,"tool_choice":{"type":"function","function":{"name":"f",UNKNOWN}}}"""),
        new(typeof(ResponseFormat), Chats, "response_format", """{MESSAGES,"response_format":{"type":"json_object",UNKNOWN}}"""),
        new(typeof(ResponseFormat), Generate, "response_format", """{"prompt":"a","response_format":{"type":"json_object",UNKNOWN}}"""),
        new(typeof(ResponseFormat), Chats, "response_format", """{MESSAGES,TOOLS,"tool_choice":"required","response_format":{"type":"text",UNKNOWN}}"""),
        new(typeof(JsonSchemaFormat), Completions, "response_format.json_schema", """{"prompt":"a","response_format":{"type":"json_schema","json_schema":{"name":"n",UNKNOWN}}}"""),
        new(typeof(StreamOptions), Chats, "stream_options", """{MESSAGES,"stream":true,"stream_options":{"include_usage":true,UNKNOWN}}"""),
        new(typeof(StreamOptions), Completions, "stream_options", """{"prompt":"a","stream":true,"stream_options":{UNKNOWN}}"""),
        new(typeof(PeekRequest), Generate, "peek", """{"model":"tiny","prompt":"a","peek":{"layers":[4],UNKNOWN}}"""),
        new(typeof(InputItem), Answers, "input[0]", """{"input":[{"role":"user","content":"a",UNKNOWN}]}"""),
        new(typeof(ContentPart), Answers, "input[0].content[0]", """{"input":[{"role":"user","content":[{"type":"input_text","text":"a",UNKNOWN}]}]}"""),
        new(typeof(ReasoningOptions), Answers, "reasoning", """{"input":"a","reasoning":{UNKNOWN}}"""),
        new(typeof(TextOptions), Answers, "text", """{"input":"a","text":{UNKNOWN}}"""),
        new(typeof(TextFormat), Answers, "text.format", """{"input":"a","text":{"format":{"type":"text",UNKNOWN}}}"""),
        new(typeof(ResponseTool), Answers, "tools[0]", """{"input":"a","tools":[{"type":"function","name":"f",UNKNOWN}]}"""),
        new(typeof(NamedResponseTool), Answers, "tool_choice", """{"input":"a","tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"function","name":"f",UNKNOWN}}"""),
        new(typeof(InputItem), Answers, "input[1]", """{"input":[{"role":"user","content":"a"},{"type":"function_call","call_id":"1","name":"f","arguments":"{}",UNKNOWN}]}"""),
        new(typeof(ResponseStreamOptions), Answers, "stream_options", """{"input":"a","stream":true,"stream_options":{"include_obfuscation":false,UNKNOWN}}"""),
        new(typeof(InputMessage), Messages, "messages[0]", """{"messages":[{"role":"user","content":"a",UNKNOWN}]}"""),
        new(typeof(InputBlock), Messages, "messages[0].content[0]", """{"messages":[{"role":"user","content":[{"type":"text","text":"a",UNKNOWN}]}]}"""),
        new(typeof(InputBlock), Messages, "system[0]", """{MESSAGES,"system":[{"type":"text","text":"a",UNKNOWN}]}"""),
        new(typeof(ThinkingOptions), Messages, "thinking", """{MESSAGES,"thinking":{"type":"adaptive",UNKNOWN}}"""),
        new(typeof(OutputOptions), Messages, "output_config", """{MESSAGES,"output_config":{UNKNOWN}}"""),
        new(typeof(OutputFormat), Messages, "output_config.format", """{MESSAGES,"output_config":{"format":{"type":"json_schema","schema":{},UNKNOWN}}}"""),
    ];

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, All.Length)];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task It_is_refused_or_named_in_the_log(int index)
    {
        var (path, body, param) = (All[index].Path, All[index].Request, $"{All[index].Param}.{Field}");
        using var refused = await strict.PostAsync(path, body);
        var said = await refused.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains($"'{param}' is not a field", (string)JsonNode.Parse(said)!["error"]!["message"]!, StringComparison.Ordinal);

        using var taken = await lenient.PostAsync(path, body);
        Assert.True(taken.IsSuccessStatusCode, $"{(int)taken.StatusCode} {await taken.Content.ReadAsStringAsync()}");
        Assert.Contains(lenient.Log.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains($" {param} ", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_object_a_request_can_hold_is_tried()
    {
        var found = new HashSet<Type>();
        foreach (var request in Requests) Reach(request, found);
        Assert.Empty(found.Except(Requests).Except(All.Select(entry => entry.Type)).Select(type => type.Name));
        Assert.All(found, type => Assert.Contains(type.GetProperties(), property => property.IsDefined(typeof(JsonExtensionDataAttribute), false)));
    }

    [Theory]
    [InlineData(Chats, "messages", """[{"role":"user","content":"a","user":"b"}]""", "messages[0].user", "unknown_parameter")]
    [InlineData(Chats, "messages", """[{"role":"user","content":"a","n":null,"tool_choice":"auto"}]""", "messages[0].tool_choice", "unknown_parameter")]
    [InlineData(Chats, "messages", """[{"role":"user","content":"a"},{"role":"assistant","content":"b","refusal":"no"}]""", "messages[1].refusal", "unsupported_parameter")]
    [InlineData(Answers, "text", """{"metadata":{}}""", "text.metadata", "unknown_parameter")]
    [InlineData(Answers, "stream_options", """{"include_usage":true}""", "stream_options.include_usage", "unknown_parameter")]
    [InlineData(Answers, "stream_options", """{"include_obfuscation":false}""", "stream_options", "invalid_value")]
    public async Task What_labels_a_request_labels_nothing_inside_it(string path, string field, string value, string param, string code)
    {
        using var refused = await strict.PostAsync(path, (path == Chats ? Chat() : Response()).With(field, JsonNode.Parse(value)));
        var error = JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["error"]!;
        Assert.Equal((HttpStatusCode.BadRequest, param, code), (refused.StatusCode, (string)error["param"]!, (string)error["code"]!));
    }

    [Fact]
    public async Task What_comes_back_from_an_answer_is_taken()
    {
        await strict.CallAsync(Chats, Chat().With("messages", JsonNode.Parse("""[{"role":"user","content":"a"},{"role":"assistant","content":"b","refusal":null,"annotations":[],"audio":null},{"role":"user","content":"c"}]""")));
        await strict.CallAsync(Answers, Response().With("input", JsonNode.Parse(
            """[{"role":"user","content":"a"},{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"b","annotations":[],"logprobs":[],"parsed":{"c":1}}]},{"role":"user","content":"c"}]""")));
    }

    [Theory]
    [InlineData(Chats)]
    [InlineData(Completions)]
    [InlineData(Answers)]
    public async Task Padding_may_be_declined_but_not_asked_for(string path)
    {
        JsonObject Body() => path == Chats ? Chat() : path == Completions ? Completion() : Response();
        var plain = await strict.StreamAsync(path, Body());
        var declined = await strict.StreamAsync(path, Body().With("stream_options", new JsonObject { ["include_obfuscation"] = false }));
        Assert.Equal(plain.Select(entry => entry.Name), declined.Select(entry => entry.Name));
        using var refused = await strict.PostAsync(path, Body().With("stream", true).With("stream_options", new JsonObject { ["include_obfuscation"] = true }));
        var error = JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["error"]!;
        Assert.Equal((HttpStatusCode.BadRequest, "stream_options.include_obfuscation"), (refused.StatusCode, (string)error["param"]!));
    }

    // Through lists and the records that converters read.
    private static void Reach(Type type, HashSet<Type> found)
    {
        if (type.Assembly != typeof(ChatRequest).Assembly || type.IsEnum || type == typeof(PromptItem)) return;
        var isObject = !type.IsDefined(typeof(JsonConverterAttribute), false);
        if (isObject && !found.Add(type)) return;
        foreach (var property in type.GetProperties())
        {
            var inner = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            Reach(inner.IsGenericType && inner.IsAssignableTo(typeof(IEnumerable)) ? inner.GetGenericArguments()[0] : inner, found);
        }
    }

    /// <param name="Type">What holds the field.</param>
    /// <param name="Param">Where it stands.</param>
    /// <param name="Body">With the field, the conversation and the tools as words in capitals.</param>
    private sealed record Case(Type Type, string Path, string Param, string Body)
    {
        public JsonObject Request
        {
            get
            {
                var text = Body.Replace("UNKNOWN", $"\"{Field}\":1", StringComparison.Ordinal)
                    .Replace("MESSAGES", """ "messages":[{"role":"user","content":"a"}] """, StringComparison.Ordinal)
                    .Replace("TOOLS", """ "tools":[{"type":"function","function":{"name":"f"}}] """, StringComparison.Ordinal);
                var body = JsonNode.Parse(text)!.AsObject();
                body["model"] ??= "tools";
                if (Path != "/tokenize") body["max_tokens"] = 4;
                return body;
            }
        }
    }

    public sealed class Strict : TestServer
    {
        protected override IReadOnlyDictionary<string, string> ExtraSettings => new Dictionary<string, string>
        {
            ["Models:3:Path"] = TinyCheckpoint.Write(Path.Combine(Folder, "tools"), "tools"),
        };
    }

    public sealed class Lenient : LoggingServer
    {
        protected override IReadOnlyDictionary<string, string> ExtraSettings => new Dictionary<string, string>
        {
            ["Models:3:Path"] = TinyCheckpoint.Write(Path.Combine(Folder, "tools"), "tools"),
            ["Server:UnknownFields"] = "Warn",
        };
    }
}
