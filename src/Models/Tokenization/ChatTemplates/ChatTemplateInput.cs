using System.Text.Json;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>
/// What a chat request gives to the template. Everything here comes from the client and is marked as input in the rendering.
/// </summary>
public sealed record ChatTemplateInput
{
    /// <summary>One JSON object per message: role, content (a string or an array of parts), reasoning_content, tool_calls, ...</summary>
    public required IReadOnlyList<JsonElement> Messages { get; init; }

    /// <summary>Tool definitions as the request has them, or null for none.</summary>
    public IReadOnlyList<JsonElement>? Tools { get; init; }

    /// <summary>Documents for templates that ground answers in them, or null for none.</summary>
    public IReadOnlyList<JsonElement>? Documents { get; init; }

    /// <summary>Whether the rendering ends with the header of the assistant's turn.</summary>
    public bool AddGenerationPrompt { get; init; }

    /// <summary>Further variables such as <c>enable_thinking</c>; they cannot replace the properties above.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Variables { get; init; }

    /// <summary>The local time that <c>strftime_now</c> shows; the present when null.</summary>
    public DateTime? Now { get; init; }
}
