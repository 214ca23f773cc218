using System.ClientModel;
using InferenceServer.Tests.Support;
using OpenAI;
using OpenAI.Chat;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.OpenAI;

/// <summary>OpenAI's own .NET client as a judge of the wire format.</summary>
[Collection(SharedServer.Name)]
public sealed class OpenAISdkTests(TestServer server)
{
    private ChatClient Client(string model = "tiny") => new(model, new ApiKeyCredential("unused"), new OpenAIClientOptions { Endpoint = new Uri(server.Http.BaseAddress!, "/v1") });

    [Fact]
    public async Task Its_stream_is_the_answer_with_usage_and_reason()
    {
        var (answer, reason, reasoning) = ("", (ChatFinishReason?)null, 0);
        await foreach (var update in Client().CompleteChatStreamingAsync([new UserChatMessage("What is seven times six?")], Options()))
        {
            answer += string.Concat(update.ContentUpdate.Select(part => part.Text));
            reason = update.FinishReason ?? reason;
            reasoning = update.Usage?.OutputTokenDetails.ReasoningTokenCount ?? reasoning;
        }

        var own = await server.CallAsync(Chats, Chat().With("temperature", 0));
        Assert.Equal(Said(own).Answer, answer);
        Assert.Equal(ChatFinishReason.Length, reason);
        Assert.Equal(Usage(own).Reasoning, reasoning);
    }

    [Fact]
    public async Task Its_errors_carry_the_message()
    {
        var error = await Assert.ThrowsAsync<ClientResultException>(() => Client("none").CompleteChatAsync([new UserChatMessage("Hello")]));
        Assert.Equal(404, error.Status);
        Assert.Contains("'none' does not exist", error.Message, StringComparison.Ordinal);
    }

    private static ChatCompletionOptions Options() => new() { MaxOutputTokenCount = 24, Temperature = 0 };
}
