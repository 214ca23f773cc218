using InferenceServer.Hosting;
using InferenceServer.Logging;
using InferenceServer.Streaming;

namespace InferenceServer.Access;

/// <summary>Keys, limits and CORS in the pipeline.</summary>
internal static class AccessSetup
{
    public const string MetricsPath = "/metrics";

    public static IServiceCollection AddAccess(this IServiceCollection services, Settings settings)
    {
        services.AddSingleton(settings.Access).AddSingleton(TimeProvider.System).AddSingleton<KeyRing>().AddHttpContextAccessor();
        if (settings.Access.CorsOrigins.Count == 0) return services;
        return services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
            .WithOrigins([.. settings.Access.CorsOrigins])
            .WithMethods("GET", "POST", "DELETE")
            .AllowAnyHeader()
            .WithExposedHeaders([SseWriter.IdHeader, RequestId.Header, "Retry-After", .. RateLimits.Headers])));
    }

    /// <summary>Before everything that answers: a page's origin hears of errors too.</summary>
    public static WebApplication UseCrossOrigin(this WebApplication app)
    {
        if (app.Services.GetRequiredService<AccessSettings>().CorsOrigins.Count > 0) app.UseCors();
        return app;
    }

    public static WebApplication UseAccess(this WebApplication app)
    {
        app.UseMiddleware<AccessMiddleware>();
        return app;
    }

    /// <summary>The endpoint answers without a key.</summary>
    public static TBuilder WithoutKey<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new OpenEndpoint());

    /// <summary>Requests to it do not count against a key's limit of requests.</summary>
    public static TBuilder Uncounted<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new UncountedEndpoint());
}
