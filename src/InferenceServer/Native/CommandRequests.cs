using System.Text.Json;
using System.Text.Json.Serialization;

namespace InferenceServer.Native;

/// <summary>Body of POST /v1/generations/{id}/thought.</summary>
public sealed record ThoughtRequest
{
    /// <summary>Taken for the model's own thought; may be empty.</summary>
    public required string Thought { get; init; }

    /// <summary>Fields this server has no meaning for.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>What became of a command to a running generation.</summary>
/// <param name="Id">Of the generation.</param>
/// <param name="Choices">How many of its choices had a use for the command.</param>
public sealed record CommandResponse(string Id, int Choices);
