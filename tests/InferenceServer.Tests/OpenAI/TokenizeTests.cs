using System.Net;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.OpenAI;

[Collection(SharedServer.Name)]
public sealed class TokenizeTests(TestServer server)
{
    [Fact]
    public async Task A_text_goes_to_tokens_and_back()
    {
        var tokenized = await server.CallAsync("/tokenize", new JsonObject { ["model"] = "tiny", ["prompt"] = "Hé <|eos|>", ["return_token_strs"] = true });
        Assert.Equal([72, 195, 169, 32, 257], tokenized["tokens"]!.AsArray().Select(id => (int)id!));
        Assert.Equal(5, (int)tokenized["count"]!);
        Assert.Equal(TinyCheckpoint.Context, (int)tokenized["max_model_len"]!);
        Assert.Equal("<|eos|>", (string?)tokenized["token_strs"]![4]);
        var text = await server.CallAsync("/detokenize", new JsonObject { ["model"] = "tiny", ["tokens"] = tokenized["tokens"]!.DeepClone() });
        Assert.Equal("Hé <|eos|>", (string?)text["prompt"]);
    }

    [Fact]
    public async Task A_conversation_has_the_tokens_that_chat_counts()
    {
        var tokenized = await server.CallAsync("/tokenize", new JsonObject
        {
            ["model"] = "tiny",
            ["messages"] = Chat()["messages"]!.DeepClone(),
            ["add_generation_prompt"] = true,
        });
        Assert.Equal(Usage(await server.CallAsync(Chats, Chat())).Prompt, (int)tokenized["count"]!);
        Assert.Null(tokenized["token_strs"]);
    }

    [Theory]
    [InlineData("/tokenize", "{\"prompt\": \"a\"}", "missing_required_parameter")]
    [InlineData("/tokenize", "{\"model\": \"tiny\"}", "missing_required_parameter")]
    [InlineData("/tokenize", "{\"model\": \"tiny\", \"prompt\": \"a\", \"messages\": []}", "conflicting_parameters")]
    [InlineData("/tokenize", "{\"model\": \"tiny\", \"prompt\": \"a\", \"max_tokens\": 3}", "unknown_parameter")]
    [InlineData("/tokenize", "{\"model\": \"tiny\", \"prompt\": 7}", "invalid_type")]
    [InlineData("/detokenize", "{\"model\": \"tiny\"}", "missing_required_parameter")]
    [InlineData("/detokenize", "{\"model\": \"tiny\", \"tokens\": [264]}", "invalid_value")]
    [InlineData("/detokenize", "{\"model\": \"tiny\", \"tokens\": [-1]}", "invalid_value")]
    [InlineData("/detokenize", "{\"model\": \"tiny\", \"tokens\": \"a\"}", "invalid_type")]
    public async Task What_cannot_be_done_is_refused(string path, string body, string code)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await server.Http.PostAsync(path, content);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(code, (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["code"]);
    }

    [Fact]
    public async Task The_version_is_told()
    {
        var version = JsonNode.Parse(await server.Http.GetStringAsync("/version"))!;
        Assert.Matches(@"^\d+\.\d+\.\d+", (string)version["version"]!);
    }
}
