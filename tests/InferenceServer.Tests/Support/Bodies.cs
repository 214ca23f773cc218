using System.Text.Json.Nodes;

namespace InferenceServer.Tests.Support;

/// <summary>Requests to start from, and what answers say.</summary>
internal static class Bodies
{
    public const string Chats = "/v1/chat/completions";
    public const string Completions = "/v1/completions";
    public const string Generate = "/v1/generate";
    public const string Answers = "/v1/responses";
    public const string Messages = "/v1/messages";

    public static JsonObject Chat(string text = "What is seven times six?", string model = "tiny") => new()
    {
        ["model"] = model,
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }),
        ["max_tokens"] = 24,
        ["seed"] = 11,
    };

    public static JsonObject Completion(string prompt = "Once upon a time", string model = "tiny") => new()
    {
        ["model"] = model,
        ["prompt"] = prompt,
        ["max_tokens"] = 24,
        ["seed"] = 11,
    };

    public static JsonObject Response(string text = "What is seven times six?", string model = "tiny") => new()
    {
        ["model"] = model,
        ["input"] = text,
        ["max_tokens"] = 24,
        ["seed"] = 11,
    };

    public static JsonObject With(this JsonObject body, string field, JsonNode? value)
    {
        body[field] = value;
        return body;
    }

    /// <summary>Thought and answer of the first choice of a chat.</summary>
    public static (string? Thought, string Answer) Said(JsonObject chat, int choice = 0)
    {
        var message = chat["choices"]![choice]!["message"]!;
        return ((string?)message["reasoning_content"], (string)message["content"]!);
    }

    /// <summary>What a chat stream adds up to.</summary>
    public static (string Thought, string Answer) Said(IEnumerable<SseEvent> stream, int choice = 0)
    {
        var (thought, answer) = ("", "");
        foreach (var chunk in stream.Where(chunk => !chunk.IsDone))
        {
            foreach (var part in chunk.Json["choices"]!.AsArray().Where(part => (int)part!["index"]! == choice))
            {
                thought += (string?)part!["delta"]!["reasoning_content"];
                answer += (string?)part["delta"]!["content"];
            }
        }

        return (thought, answer);
    }

    public static (int Prompt, int Completion, int Total, int Reasoning) Usage(JsonNode response) => Counts(response["usage"]!);

    /// <summary>What a usage counts, but for the prompt tokens that were cached: those depend on what came before.</summary>
    public static (int Prompt, int Completion, int Total, int Reasoning) Counts(JsonNode usage)
    {
        var completion = (int)usage["completion_tokens"]!;
        var (prompt, total) = ((int)usage["prompt_tokens"]!, (int)usage["total_tokens"]!);
        Assert.Equal(total, prompt + completion);
        return (prompt, completion, total, (int)usage["completion_tokens_details"]!["reasoning_tokens"]!);
    }
}
