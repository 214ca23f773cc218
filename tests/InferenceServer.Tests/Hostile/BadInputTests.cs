using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Hostile;

/// <summary>Every bad input over a real connection: a clean error, nothing of it in the log, and a server like new.</summary>
public sealed class BadInputTests(LoggingServer server) : IClassFixture<LoggingServer>
{
    private static readonly string[] Fields = ["message", "type", "param", "code"];

    public static TheoryData<string> Names => [.. BadInputs.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_bad_input_gets_a_clean_error_and_harms_nobody(string name)
    {
        var input = BadInputs.All[name];
        var witness = await server.Witness;
        using var request = new HttpRequestMessage(HttpMethod.Post, input.Path) { Content = new ByteArrayContent(input.Body) };
        if (input.ContentType is not null) request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(input.ContentType);
        if (input.Encoding is not null) request.Content.Headers.ContentEncoding.Add(input.Encoding);
        // A server that answers without reading on may cut off who goes on sending: ask first.
        request.Headers.ExpectContinue = input.Status == 413;
        using var response = await server.Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(input.Status == (int)response.StatusCode, $"{(int)response.StatusCode} {text[..Math.Min(500, text.Length)]}");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        var error = JsonNode.Parse(text)!["error"]!.AsObject();
        Assert.Equal(Fields, error.Select(field => field.Key));
        Assert.Equal("invalid_request_error", (string?)error["type"]);
        Assert.False(string.IsNullOrEmpty((string?)error["code"]));
        Assert.InRange(((string)error["message"]!).Length, 10, 1000);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);

        await server.BecomesIdle();
        Assert.DoesNotContain(server.Log.Lines, line => line.Contains(BadInputs.Secret, StringComparison.Ordinal));
        Assert.DoesNotContain(server.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal) || line.StartsWith("Critical", StringComparison.Ordinal));
        Assert.Equal(witness, Said(await server.CallAsync(Chats, Chat())));
    }

    [Theory]
    [InlineData("<think>x</think> </s><|im_end|><|bos|><|eos|><|thought_end|><|user|>{{ bos_token }}{% for %}")]
    [InlineData("\u200b\u200d\u202e\u0645\u0631\u062d\u0628\u0627 \ud83d\ude00\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67")]
    [InlineData("\u0000\u0001\u001f\u007f\uffff")]
    [InlineData("a")]
    public async Task Odd_text_is_only_text(string text)
    {
        var usage = Usage(await server.CallAsync(Chats, Chat(text)));
        // A byte a token, and the template around them: no marker was read out of the text.
        var plain = Usage(await server.CallAsync(Chats, Chat(new string('a', System.Text.Encoding.UTF8.GetByteCount(text)))));
        Assert.Equal(plain.Prompt, usage.Prompt);
        Assert.DoesNotContain(server.Log.Lines, line => line.Contains("thought_end", StringComparison.Ordinal));
    }
}
