using InferenceServer.Access;
using InferenceServer.Anthropic;
using InferenceServer.Errors;
using InferenceServer.Health;
using InferenceServer.Hosting;
using InferenceServer.Logging;
using InferenceServer.Metrics;
using InferenceServer.Native;
using InferenceServer.OpenAI;
using InferenceServer.Playground;
using InferenceServer.Responses;
using InferenceServer.Swagger;
using InferenceServer.Tracing;

var commandLine = new CommandLine(args);
if (commandLine.Help)
{
    Console.WriteLine(CommandLine.Usage);
    return 0;
}

if (commandLine.Probe is { } probed) return await ProbeCommand.RunAsync(probed, Console.Out);

try
{
    commandLine.Validate();
    var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = commandLine.Settings, ContentRootPath = SettingsFolder.Find() });
    var settings = Settings.Read(builder.Configuration, builder.Environment.ContentRootPath);
    if (commandLine.Check) return await CheckCommand.RunAsync(settings, Console.Out, Console.Error);

    builder.AddServerLogging();
    builder.ConfigureWebServer(settings.Server);
    builder.Services.AddAccess(settings);
    builder.Services.AddMetricsExport();
    builder.Services.AddTracing(settings.Telemetry);
    builder.Services.AddModels(settings);
    builder.Services.AddOpenAI();
    builder.Services.AddResponses();
    builder.Services.AddAnthropic();
    builder.Services.AddNative();
    builder.Services.AddSingleton<PlaygroundFiles>();
    builder.Services.AddApiDescription();

    var app = builder.Build();
    RefusedRequests.AnswerThoseOf(app);
    app.UseTracing();
    app.UseMiddleware<RequestLogMiddleware>();
    app.UseCrossOrigin();
    app.UseMiddleware<ErrorMiddleware>();
    app.UseAccess();
    app.UseApiDescription();
    app.UseMiddleware<PlaygroundMiddleware>();
    app.MapHealth();
    app.MapMetrics();
    app.MapOpenAI();
    app.MapResponses();
    app.MapAnthropic();
    app.MapNative();
    await app.RunAsync();
    return Environment.ExitCode;
}
catch (SettingsException exception)
{
    await Console.Error.WriteLineAsync(exception.Message);
    return 1;
}
