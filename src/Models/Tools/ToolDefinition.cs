using System.Text.Json;

namespace InferenceServer.Models.Tools;

/// <summary>A tool a model may call.</summary>
/// <param name="Parameters">A JSON Schema of the arguments; null = none are taken.</param>
/// <param name="Strict">Whether the schema must be enforced in full; else one that cannot be is loosened to any JSON object.</param>
public sealed record ToolDefinition(string Name, JsonElement? Parameters, bool Strict);

/// <summary>What a model must do with its tools.</summary>
public sealed record ToolDemand
{
    /// <summary>Those it may call.</summary>
    public required IReadOnlyList<ToolDefinition> Tools { get; init; }

    public required ToolSyntax Syntax { get; init; }

    /// <summary>Whether it must call; else it may answer instead.</summary>
    public required bool MustCall { get; init; }

    /// <summary>Whether an answer without a call is bound to a form: then a call is told by how the answer begins.</summary>
    public bool AnswerIsBound { get; init; }

    /// <summary>Whether it may write several calls.</summary>
    public bool Several { get; init; }
}
