using System.Net;
using System.Text.Json.Nodes;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.OpenAI;

/// <summary>An ordinary reasoning model is recognised by its chat template, which also opens its thoughts and switches them.</summary>
public sealed class ThinkTagTests(ThinkTagTests.TagServer server) : IClassFixture<ThinkTagTests.TagServer>
{
    private static readonly JsonObject On = new() { ["enable_thinking"] = true };
    private static readonly JsonObject Off = new() { ["enable_thinking"] = false };

    [Fact]
    public async Task What_follows_the_template_that_opens_a_thought_is_thought()
    {
        Assert.Equal(ThinkingMethod.Tpo, server.Models.Require("tags").Model.Thinking.Method);
        var chat = await server.CallAsync(Chats, Chat(model: "tags"));
        var (thought, answer) = Said(chat);
        Assert.NotEmpty(thought!); // random weights never close it
        Assert.Equal(("", thought), (answer, Said(await server.StreamAsync(Chats, Chat(model: "tags"))).Thought));
        Assert.Equal(Said(chat), Said(await server.CallAsync(Chats, Chat(model: "tags").With("chat_template_kwargs", On.DeepClone()))));
        Assert.Equal(Said(chat), Said(await server.CallAsync(Chats, Chat(model: "tags").With("reasoning_effort", "high"))));
    }

    [Fact]
    public async Task Without_thoughts_all_is_answer_however_they_are_switched_off()
    {
        var byEffort = await server.CallAsync(Chats, Chat(model: "tags").With("reasoning_effort", "none"));
        var byTemplate = await server.CallAsync(Chats, Chat(model: "tags").With("chat_template_kwargs", Off.DeepClone()));
        Assert.Null(Said(byEffort).Thought);
        Assert.NotEmpty(Said(byEffort).Answer);
        Assert.Equal(Said(byEffort), Said(byTemplate));
        Assert.Equal(Usage(byEffort), Usage(byTemplate));
        Assert.Equal(0, Usage(byEffort).Reasoning);
        Assert.NotEqual(Usage(byEffort).Prompt, Usage(await server.CallAsync(Chats, Chat(model: "tags"))).Prompt);
    }

    [Fact]
    public async Task A_raw_prompt_that_opens_a_thought_is_understood_too()
    {
        var opened = await server.CallAsync(Completions, Completion("Why? <think>", "tags"));
        Assert.NotEmpty((string)opened["choices"]![0]!["reasoning_content"]!);
        var closed = await server.CallAsync(Completions, Completion("Why? <think>Because.</think>\n", "tags"));
        Assert.Null(closed["choices"]![0]!["reasoning_content"]);
    }

    [Fact]
    public async Task Contradictions_and_budgets_it_cannot_keep_are_refused()
    {
        await Refused(Chat(model: "tags").With("reasoning_effort", "none").With("chat_template_kwargs", On.DeepClone()), "chat_template_kwargs");
        await Refused(Chat(model: "tags").With("thinking_token_budget", 7), "thinking_token_budget");
        await Refused(Chat(model: "tags").With("chat_template_kwargs", new JsonObject { ["enable_thinking"] = "no" }), "chat_template_kwargs.enable_thinking");
        await Refused(Chat(model: "bare").With("chat_template_kwargs", On.DeepClone()), "chat_template_kwargs");

        async Task Refused(JsonObject body, string param)
        {
            using var response = await server.PostAsync(Chats, body);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Equal(param, (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["param"]);
        }
    }

    public sealed class TagServer : TestServer
    {
        protected override IReadOnlyDictionary<string, string> ExtraSettings =>
            new Dictionary<string, string> { ["Models:3:Path"] = TinyCheckpoint.Write(Path.Combine(Folder, "tags"), "tags") };
    }
}
