using System.Text.Json;
using InferenceServer.Models.Tokenization.ChatTemplates;

namespace InferenceServer.Models.Tests.Tokenization.ChatTemplates;

/// <summary>Short ways to render a template in a test.</summary>
internal static class Rendering
{
    private static readonly string[] OwnProperties = ["messages", "tools", "documents", "add_generation_prompt"];

    /// <summary>Variables of a template, as one JSON object, spread over the properties of an input.</summary>
    public static ChatTemplateInput Input(JsonElement variables)
    {
        IReadOnlyList<JsonElement>? List(string name) =>
            variables.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray()] : null;
        return new()
        {
            Messages = List("messages") ?? [],
            Tools = List("tools"),
            Documents = List("documents"),
            AddGenerationPrompt = variables.TryGetProperty("add_generation_prompt", out var flag) && flag.ValueKind == JsonValueKind.True,
            Variables = variables.EnumerateObject().Where(v => !OwnProperties.Contains(v.Name)).ToDictionary(v => v.Name, v => v.Value),
            Now = new DateTime(2025, 7, 10, 14, 5, 9, DateTimeKind.Local),
        };
    }

    public static ChatTemplateInput Input(string variables = "{}")
    {
        using var json = JsonDocument.Parse(variables);
        return Input(json.RootElement.Clone());
    }

    public static string Render(string template, string variables = "{}") => ChatTemplate.Parse(template).Render(Input(variables));

    /// <summary>The segments with input text in guillemets.</summary>
    public static string Marked(string template, string variables) =>
        string.Concat(ChatTemplate.Parse(template).RenderSegments(Input(variables)).Select(s => s.FromInput ? $"«{s.Text}»" : s.Text));
}
