using System.ClientModel;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Responses;

namespace InferenceServer.Tests.Clients;

#pragma warning disable OPENAI001, SCME0001 // the client calls its Responses and its access to fields it has no type for experimental

/// <summary>OpenAI's own .NET client, with thoughts: in chats beside its types, in responses among them.</summary>
[Collection(SharedClients.Name)]
public sealed class OpenAINetTests(ClientServer server)
{
    private static readonly ApiKeyCredential Key = new("unused");

    private Uri Endpoint => new(server.Http.BaseAddress!, "/v1");

    [Fact]
    public async Task Chats_stream_thoughts_and_answers()
    {
        var client = new ChatClient(ClientServer.Model, Key, new OpenAIClientOptions { Endpoint = Endpoint });
        var (thoughts, answers) = (new List<string>(), new List<string>());
        await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage(ClientServer.Question)]))
        {
            if (update.Patch.TryGetValue("$.choices[0].delta.reasoning_content"u8, out string? thought)) thoughts.Add(thought!);
            answers.AddRange(update.ContentUpdate.Select(part => part.Text).Where(text => text.Length > 0));
        }

        Assert.Equal((ClientServer.Thought, ClientServer.Answer), (string.Concat(thoughts), string.Concat(answers)));
        Assert.True(thoughts.Count > 5 && answers.Count > 3);
    }

    [Fact]
    public async Task Responses_stream_thoughts_and_answers()
    {
        var (thoughts, answers) = (new List<string>(), new List<string>());
        ResponseResult? completed = null;
        await foreach (var update in await Responses().CreateResponseStreamingAsync(ClientServer.Model, ClientServer.Question))
        {
            if (update is StreamingResponseReasoningTextDeltaUpdate thought) thoughts.Add(thought.Delta);
            if (update is StreamingResponseOutputTextDeltaUpdate answer) answers.Add(answer.Delta);
            if (update is StreamingResponseCompletedUpdate end) completed = end.Response;
        }

        Assert.Equal((ClientServer.Thought, ClientServer.Answer), (string.Concat(thoughts), string.Concat(answers)));
        Assert.True(thoughts.Count > 5 && answers.Count > 3);
        Assert.Equal(ClientServer.Answer, completed!.GetOutputText());
        Assert.Equal(ResponseStatus.Completed, completed.Status);
        Assert.InRange(completed.Usage.OutputTokenDetails.ReasoningTokenCount, 1, completed.Usage.OutputTokenCount - 1);
        Assert.IsType<ReasoningResponseItem>(completed.OutputItems[0]);
    }

    [Fact]
    public async Task Whole_responses_take_options_and_errors_carry_the_message()
    {
        var options = new CreateResponseOptions(ClientServer.Model, [ResponseItem.CreateUserMessageItem(ClientServer.Question)])
        {
            Instructions = "Answer in one sentence.",
            MaxOutputTokenCount = 100,
            ReasoningOptions = new ResponseReasoningOptions { ReasoningEffortLevel = ResponseReasoningEffortLevel.Low },
            StoredOutputEnabled = false,
        };
        ResponseResult response = await Responses().CreateResponseAsync(options);
        Assert.Equal(ClientServer.Answer, response.GetOutputText());
        Assert.Equal(100, response.MaxOutputTokenCount);

        var unknown = await Assert.ThrowsAsync<ClientResultException>(() => Responses().CreateResponseAsync("none", ClientServer.Question));
        Assert.Equal(404, unknown.Status);
        Assert.Contains("'none' does not exist", unknown.Message, StringComparison.Ordinal);
        options.StoredOutputEnabled = true;
        var bad = await Assert.ThrowsAsync<ClientResultException>(() => Responses().CreateResponseAsync(options));
        Assert.Equal(400, bad.Status);
        Assert.Contains("keeps no answers", bad.Message, StringComparison.Ordinal);
    }

    private ResponsesClient Responses() => new(Key, new ResponsesClientOptions { Endpoint = Endpoint });
}
