namespace InferenceServer.OpenAI;

/// <summary>All models this server serves.</summary>
public sealed record ModelList(string Object, IReadOnlyList<ModelResponse> Data);

/// <summary>One served model.</summary>
/// <param name="Id">What requests name it by.</param>
/// <param name="Created">When it was configured, in seconds since 1970.</param>
/// <param name="Ready">Whether it is loaded; what follows is null until then.</param>
/// <param name="Method">How it thinks: plain, tas, bitune, icot_si, icot_kd, quiet_star or tpo.</param>
/// <param name="ThinkingLayer">tas: layers run before the thinking head; null for other methods.</param>
/// <param name="ContextLength">Positions of one sequence, prompt and markers included.</param>
public sealed record ModelResponse(
    string Id, string Object, long Created, string OwnedBy, bool Ready, string? Method, int? Layers, int? ThinkingLayer, int? ContextLength);
