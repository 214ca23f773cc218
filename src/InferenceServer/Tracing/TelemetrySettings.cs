using InferenceServer.Hosting;

namespace InferenceServer.Tracing;

/// <summary>Section <c>Telemetry</c>: where traces go. Nothing is sent unless an endpoint is named.</summary>
public sealed record TelemetrySettings
{
    public const string Section = "Telemetry";

    /// <summary>OpenTelemetry's own variable, heard where the setting is silent.</summary>
    public const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>A collector's OTLP address, such as http://localhost:4318.</summary>
    public string? OtlpEndpoint { get; init; }

    /// <summary>http/protobuf or grpc.</summary>
    public string OtlpProtocol { get; init; } = "http/protobuf";

    public string ServiceName { get; init; } = "inference-server";

    /// <summary>Share of the traces that begin here to send, 0 to 1; a trace that began elsewhere is followed as its beginner decided.</summary>
    public double SampleRatio { get; init; } = 1;

    /// <exception cref="SettingsException">Names the setting and what it may be.</exception>
    internal void Validate()
    {
        var isAddress = OtlpEndpoint is null || (Uri.TryCreate(OtlpEndpoint, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https");
        SettingsException.Require(isAddress, Section, nameof(OtlpEndpoint), "an address such as http://localhost:4318", OtlpEndpoint);
        SettingsException.Require(OtlpProtocol is "http/protobuf" or "grpc", Section, nameof(OtlpProtocol), "http/protobuf or grpc", OtlpProtocol);
        SettingsException.Require(ServiceName.Length > 0, Section, nameof(ServiceName), "a name", ServiceName);
        SettingsException.Require(SampleRatio is >= 0 and <= 1, Section, nameof(SampleRatio), "0 to 1", SampleRatio);
    }
}
