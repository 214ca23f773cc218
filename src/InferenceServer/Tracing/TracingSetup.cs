using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace InferenceServer.Tracing;

/// <summary>Traces over OTLP, where an endpoint is configured; else not even the objects exist.</summary>
internal static class TracingSetup
{
    private const string TracesPath = "/v1/traces";

    public static IServiceCollection AddTracing(this IServiceCollection services, TelemetrySettings settings)
    {
        if (settings.OtlpEndpoint is null && string.IsNullOrEmpty(Environment.GetEnvironmentVariable(TelemetrySettings.EndpointVariable))) return services;
        return services.AddSingleton(_ => Sdk.CreateTracerProviderBuilder()
            .AddSource(GenerationSpan.SourceName, HttpSpan.SourceName)
            .SetResourceBuilder(ResourceBuilder.CreateDefault().AddService(settings.ServiceName, serviceVersion: Version))
            .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(settings.SampleRatio)))
            .AddProcessor(new SilentPaths())
            .AddOtlpExporter(otlp => Configure(otlp, settings))
            .Build());
    }

    /// <summary>From the first request on.</summary>
    public static WebApplication UseTracing(this WebApplication app)
    {
        app.Services.GetService<TracerProvider>();
        return app;
    }

    private static string? Version => typeof(TracingSetup).Assembly.GetName().Version?.ToString(3);

    private static void Configure(OtlpExporterOptions otlp, TelemetrySettings settings)
    {
        // What is not set here, OpenTelemetry's own environment variables say.
        if (settings.OtlpEndpoint is not { } address) return;
        var isGrpc = settings.OtlpProtocol == "grpc";
        otlp.Protocol = isGrpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        otlp.Endpoint = new Uri(isGrpc || address.EndsWith(TracesPath, StringComparison.Ordinal) ? address : address.TrimEnd('/') + TracesPath);
    }
}
