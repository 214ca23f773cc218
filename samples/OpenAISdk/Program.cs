// OpenAI's own client for .NET. It has no property for thoughts: they are read from the JSON it keeps.
using System.ClientModel;
using OpenAI;
using OpenAI.Chat;

var url = Environment.GetEnvironmentVariable("INFERENCE_SERVER") ?? "http://localhost:8080";
var key = new ApiKeyCredential(Environment.GetEnvironmentVariable("INFERENCE_KEY") ?? "none");
var model = Environment.GetEnvironmentVariable("INFERENCE_MODEL") ?? "tas-stories";
var question = args.FirstOrDefault() ?? "Lucy starts with 24 shells. She finds 18 more. How many shells does Lucy have in the end?";

var client = new ChatClient(model, key, new OpenAIClientOptions { Endpoint = new Uri(new Uri(url), "/v1") });
var speaking = "";
await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage(question)]))
{
#pragma warning disable SCME0001 // fields the client has no type for
    if (update.Patch.TryGetValue("$.choices[0].delta.reasoning_content"u8, out string? thought)) Say("thought", thought);
#pragma warning restore SCME0001
    Say("answer", string.Concat(update.ContentUpdate.Select(part => part.Text)));
}

Console.WriteLine();

void Say(string voice, string? text)
{
    if (string.IsNullOrEmpty(text)) return;
    if (voice != speaking) Console.Write($"{(speaking.Length > 0 ? "\n" : "")}{voice}: ");
    speaking = voice;
    Console.Write(text);
}
