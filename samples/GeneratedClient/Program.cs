// A client generated from the server's own description. In samples/javascript, after npm ci, with a server running:
//   dotnet node_modules/nswag/bin/binaries/Net100/dotnet-nswag.dll openapi2csclient \
//     /input:http://localhost:8080/swagger/v1/swagger.json /output:../GeneratedClient/Client.cs $(cat ../GeneratedClient/nswag.txt)
// NSwag's clients do not stream: they send and read whole answers, and the records they generate read the events of a stream.
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using InferenceServer.Client;

var url = Environment.GetEnvironmentVariable("INFERENCE_SERVER") ?? "http://localhost:8080";
var model = Environment.GetEnvironmentVariable("INFERENCE_MODEL") ?? "tas-stories";
var question = args.FirstOrDefault() ?? "Lucy starts with 24 shells. She finds 18 more. How many shells does Lucy have in the end?";
using var http = new HttpClient { BaseAddress = new Uri(url) };
http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Environment.GetEnvironmentVariable("INFERENCE_KEY") ?? "none");

using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/generate") { Content = JsonContent.Create(new GenerateRequest { Model = model, Prompt = question }) };
using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
response.EnsureSuccessStatusCode();
var speaking = "";
await foreach (var part in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
{
    if (part.EventType is not ("thought" or "answer")) continue;
    if (part.EventType != speaking) Console.Write($"{(speaking.Length > 0 ? "\n" : "")}{part.EventType}: ");
    speaking = part.EventType;
    Console.Write(JsonSerializer.Deserialize<GenerateToken>(part.Data)!.Text);
}

var client = new InferenceServerClient(http) { BaseUrl = url };
var whole = await client.CreateChatCompletionAsync(new ChatRequest { Model = model, Messages = [new ChatMessage { Role = "user", Content = question }] });
var message = whole.Choices.First().Message;
Console.WriteLine($"\nwhole: {message.Reasoning_content} -> {message.Content}");
