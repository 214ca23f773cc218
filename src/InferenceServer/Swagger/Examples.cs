using System.Text.Json.Nodes;

namespace InferenceServer.Swagger;

/// <summary>A request that runs as it is against the checkpoints of the repository.</summary>
internal sealed record Example(string Name, string Summary, JsonNode Body)
{
    public Example(string name, string summary, string body)
        : this(name, summary, JsonNode.Parse(body)!)
    {
    }
}

/// <summary>Requests by the name of their operation.</summary>
internal static class Examples
{
    private const string Question = "Lucy starts with 24 shells. She finds 18 more. She gives 10 of them away. How many shells does Lucy have in the end?";

    private const string Shells = """{"type":"object","properties":{"shells":{"type":"integer","minimum":0,"maximum":99}},"required":["shells"],"additionalProperties":false}""";

    public static IReadOnlyDictionary<string, Example[]> Of { get; } = new Dictionary<string, Example[]>
    {
        ["createChatCompletion"] =
        [
            new("answer", "One JSON object", $$$"""{"model":"tas-stories","messages":[{"role":"user","content":"{{{Question}}}"}]}"""),
            new("stream", "Thoughts and answer as they come", $$$"""
                {"model":"tas-stories","messages":[{"role":"user","content":"{{{Question}}}"}],"stream":true,"stream_options":{"include_usage":true}}
                """),
            new("budget", "At most eight thought tokens, with log-probabilities", $$$"""
                {"model":"tas-stories","messages":[{"role":"user","content":"{{{Question}}}"}],"thinking_token_budget":8,"logprobs":true,"top_logprobs":2,"n":2}
                """),
            new("schema", "Free thoughts, an answer that satisfies a JSON Schema", $$$"""
                {"model":"tas-stories","messages":[{"role":"user","content":"{{{Question}}}"}],
                 "response_format":{"type":"json_schema","json_schema":{"name":"shells","schema":{{{Shells}}} } } }
                """),
        ],
        ["createCompletion"] =
        [
            new("answer", "One JSON object", $$$"""{"model":"tas-stories","prompt":"{{{Question}}}"}"""),
            new("stream", "Thoughts and answer as they come", $$$"""{"model":"tas-stories","prompt":"{{{Question}}}","stream":true,"logprobs":2}"""),
        ],
        ["generate"] =
        [
            new("stream", "Token by token", $$$"""{"model":"tas-stories","prompt":"{{{Question}}}"}"""),
            new("thought", "The thought is given, only the answer is generated", $$$"""
                {"model":"tas-stories","prompt":"{{{Question}}}","thought":"24+18=42;42-12=30","stream":false,"top_logprobs":2}
                """),
        ],
        ["createResponse"] =
        [
            new("answer", "One JSON object", $$$"""{"model":"tas-stories","input":"{{{Question}}}"}"""),
            new("stream", "Thoughts and answer as they come", $$$"""
                {"model":"tas-stories","input":[{"role":"user","content":[{"type":"input_text","text":"{{{Question}}}"}]}],"stream":true,"store":false}
                """),
            new("effort", "Little thought, log-probabilities", $$$"""
                {"model":"tas-stories","input":"{{{Question}}}","reasoning":{"effort":"minimal"},"include":["message.output_text.logprobs"],"top_logprobs":2}
                """),
            new("schema", "Free thoughts, an answer that satisfies a JSON Schema", $$$"""
                {"model":"tas-stories","input":"{{{Question}}}","text":{"format":{"type":"json_schema","name":"shells","schema":{{{Shells}}} } } }
                """),
            new("tools", "Free thoughts, then the call of a function, event by event", $$$"""
                {"model":"tas-stories","input":"{{{Question}}}","stream":true,"tool_choice":"required",
                 "tools":[{"type":"function","name":"count","description":"Notes a number of shells.","parameters":{{{Shells}}},"strict":true}]}
                """),
        ],
        ["createMessage"] =
        [
            new("answer", "Without thoughts", $$$"""{"model":"tas-stories","max_tokens":256,"messages":[{"role":"user","content":"{{{Question}}}"}]}"""),
            new("stream", "Thoughts and answer as they come", $$$"""
                {"model":"tas-stories","max_tokens":256,"thinking":{"type":"enabled","budget_tokens":64},"messages":[{"role":"user","content":"{{{Question}}}"}],"stream":true}
                """),
        ],
        ["countMessageTokens"] = [new("count", "A conversation", $$$"""{"model":"tas-stories","messages":[{"role":"user","content":"{{{Question}}}"}]}""")],
        ["replaceThought"] = [new("thought", "Another thought", """{"thought":"24+18=42;42-12=30"}""")],
        ["tokenize"] =
        [
            new("text", "A text", """{"model":"tas-stories","prompt":"Lucy starts with 24 shells.","return_token_strs":true}"""),
            new("conversation", "A conversation", """{"model":"tas-stories","messages":[{"role":"user","content":"Lucy starts with 24 shells."}]}"""),
        ],
        ["detokenize"] = [new("tokens", "Token ids", """{"model":"tas-stories","tokens":[849,276,280]}""")],
    };
}
