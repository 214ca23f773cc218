using InferenceServer.Access;
using InferenceServer.Hosting;

namespace InferenceServer.Metrics;

/// <summary>GET /metrics.</summary>
internal static class MetricsSetup
{
    public static IServiceCollection AddMetricsExport(this IServiceCollection services) => services
        .AddSingleton<ServerMeter>()
        .AddSingleton<ModelActivity>()
        .AddSingleton<GenerationTelemetry>()
        .AddSingleton<EngineGauges>()
        .AddSingleton<PrometheusExporter>();

    public static WebApplication MapMetrics(this WebApplication app)
    {
        // From the start, not from the first scrape.
        var exporter = app.Services.GetRequiredService<PrometheusExporter>();
        app.MapMethods(AccessSetup.MetricsPath, ReadMethods.All, () => Results.Text(exporter.Write(), PrometheusText.ContentType))
            .Produces<string>(StatusCodes.Status200OK, "text/plain").WithName("getMetrics").WithTags("Health").WithSummary("Metrics in Prometheus' text format.").WithoutKey();
        return app;
    }
}
