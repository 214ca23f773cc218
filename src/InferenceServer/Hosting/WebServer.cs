namespace InferenceServer.Hosting;

/// <summary>What is decided about the web server and the host: where it listens, what it bears, how long it may take to stop.</summary>
internal static class WebServer
{
    private const string DefaultUrl = "http://localhost:8080";

    private static readonly string[] AddressKeys = ["urls", "http_ports", "https_ports"];

    public static WebApplicationBuilder ConfigureWebServer(this WebApplicationBuilder builder, ServerSettings settings)
    {
        var configuration = builder.Configuration;
        var chosen = AddressKeys.Any(key => !string.IsNullOrEmpty(configuration[key]))
            || configuration.GetSection("Kestrel:Endpoints").Exists();
        if (!chosen) builder.WebHost.UseUrls(DefaultUrl);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = settings.MaxRequestBytes;
            kestrel.Limits.MaxConcurrentConnections = settings.MaxConnections;
            settings.Http.Apply(kestrel.Limits);
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(settings.DrainDelaySeconds + settings.ShutdownSeconds) + Draining.Farewell);
        return builder;
    }

    public static IServiceCollection AddModels(this IServiceCollection services, Settings settings) => services
        .AddSingleton(settings)
        .AddSingleton(settings.Server)
        .AddSingleton<ModelRegistry>()
        .AddSingleton<Banner>()
        .AddHostedService<Draining>()
        .AddHostedService<ModelLoading>();
}
