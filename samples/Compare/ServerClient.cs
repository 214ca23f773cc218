using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InferenceServer.Samples.Compare;

/// <summary>The three lines of HTTP that a client needs.</summary>
internal sealed class ServerClient(string address) : IDisposable
{
    private static readonly JsonSerializerOptions SnakeCase = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly HttpClient _http = new() { BaseAddress = new Uri(address) };

    public string Address => address;

    public async Task<IReadOnlyList<ServedModel>> ModelsAsync() =>
        (await _http.GetFromJsonAsync<ModelList>("/v1/models", SnakeCase))!.Data;

    /// <summary>Generates greedily, so that runs can be compared.</summary>
    /// <exception cref="HttpRequestException">The server refused; says why.</exception>
    public async Task<Outcome> GenerateAsync(string model, string prompt, Variant variant, string? ownThought)
    {
        var request = new JsonObject
        {
            ["model"] = model,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = prompt }),
            ["temperature"] = 0,
            ["max_tokens"] = 256,
            ["stream"] = false,
        };
        if (variant.Budget is { } budget) request["thinking_token_budget"] = budget;
        var given = variant.EditThought?.Invoke(ownThought ?? "");
        if (given is not null) request["thought"] = given;

        var start = Stopwatch.GetTimestamp();
        using var response = await _http.PostAsJsonAsync("/v1/generate", request);
        var body = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
        if (!response.IsSuccessStatusCode) throw new HttpRequestException($"{model}: {body["error"]?["message"]}");
        var time = Stopwatch.GetElapsedTime(start);
        var usage = body["usage"]!;
        var thoughts = (int?)usage["completion_tokens_details"]?["reasoning_tokens"] ?? 0;
        return new Outcome(
            given ?? Text(body["thought"]) ?? Summary(body["done"]?["thought_summary"]),
            Text(body["answer"]) ?? "",
            thoughts,
            (int)usage["completion_tokens"]! - thoughts,
            time);
    }

    public void Dispose() => _http.Dispose();

    private static string? Text(JsonNode? channel) => (string?)channel?["text"] is { Length: > 0 } text ? text.Trim() : null;

    // A model that thinks before every answer token tells at the end what that came to.
    private static string? Summary(JsonNode? summary) => summary is null
        ? null
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{summary["thoughts"]} thoughts, weight {(double)summary["mean_weight"]!:F2} on average; strongest: {summary["strongest"]![0]!["text"]} ({(double)summary["strongest"]![0]!["weight"]!:F2})");
}
