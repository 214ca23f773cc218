using System.Text.Json;

namespace InferenceServer.Requests;

/// <summary>What a request says of tools, whatever its format calls it.</summary>
public sealed record ToolRequest
{
    /// <summary>Empty where there are none.</summary>
    public required IReadOnlyList<OfferedTool> Tools { get; init; }

    public required ToolMode Mode { get; init; }

    /// <summary>The one to call, with <see cref="ToolMode.One"/>.</summary>
    public string? Named { get; init; }

    /// <summary>Whether an answer may hold several calls.</summary>
    public bool Several { get; init; } = true;

    /// <summary>Where in the request a tool is named.</summary>
    public required string NamedParam { get; init; }

    /// <summary>How this format writes the choices other than to choose freely, for messages of errors.</summary>
    public required string OtherChoices { get; init; }

    /// <summary>Characters of a name.</summary>
    public int MaxNameLength { get; init; } = 128;
}

/// <summary>A function a model may be told of.</summary>
/// <param name="NameParam">Where in the request its name stands.</param>
/// <param name="Parameters">A JSON Schema of its arguments; none are taken where there is none.</param>
/// <param name="Strict">Whether the schema must be enforced in full.</param>
public sealed record OfferedTool(string NameParam, string Name, string? Description, JsonElement? Parameters, bool Strict);

/// <summary>Whether a model may or must call a tool.</summary>
public enum ToolMode
{
    /// <summary>It must not, and is not told of any.</summary>
    None,

    /// <summary>It chooses.</summary>
    Auto,

    /// <summary>It must call one of them.</summary>
    Required,

    /// <summary>It must call the one that is named.</summary>
    One,
}
