using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using InferenceServer.Access;
using InferenceServer.Hosting;

namespace InferenceServer.Health;

/// <summary>Whether the server takes requests.</summary>
/// <param name="Status">alive, of the process; ready, loading, draining or unhealthy.</param>
/// <param name="LoadedPercent">While models load: share of each one's weights that are read and packed, by model.</param>
public sealed record HealthResponse(
    [property: AllowedValues("alive", "ready", "loading", "draining", "unhealthy")] string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, int>? LoadedPercent = null)
{
    /// <summary>Why the server takes no requests.</summary>
    public static HealthResponse NotReady(string reason, ModelRegistry models) => new(
        reason, reason == "loading" ? models.Slots.ToDictionary(slot => slot.Options.Name, slot => slot.Model is null ? (int)(99 * slot.LoadedShare) : 100) : null);
}

/// <summary>For load balancers and orchestrators: is the process alive, and should it be sent requests?</summary>
internal static class HealthEndpoints
{
    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapMethods("/live", ReadMethods.All, static () => TypedResults.Ok(new HealthResponse("alive")))
            .WithName("getLive").WithTags("Health").WithSummary("The process answers.").WithoutKey();
        app.MapMethods("/health", ReadMethods.All, static (ModelRegistry models) => models.NotReady is { } reason
                ? Results.Json(HealthResponse.NotReady(reason, models), statusCode: StatusCodes.Status503ServiceUnavailable)
                : Results.Ok(new HealthResponse("ready")))
            .WithName("getHealth").Produces<HealthResponse>().Produces<HealthResponse>(StatusCodes.Status503ServiceUnavailable)
            .WithTags("Health").WithSummary("Every model is loaded and its engine takes requests; 503 while not.").WithoutKey();
        return app;
    }
}
