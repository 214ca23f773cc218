using InferenceServer.Errors;
using InferenceServer.Health;
using InferenceServer.Hosting;
using InferenceServer.Logging;
using InferenceServer.Native;
using InferenceServer.OpenAI;
using InferenceServer.Playground;
using InferenceServer.Swagger;

var commandLine = new CommandLine(args);
if (commandLine.Help)
{
    Console.WriteLine(CommandLine.Usage);
    return 0;
}

try
{
    commandLine.Validate();
    var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = commandLine.Settings, ContentRootPath = SettingsFolder.Find() });
    var settings = Settings.Read(builder.Configuration, builder.Environment.ContentRootPath);
    if (commandLine.Check) return await CheckCommand.RunAsync(settings, Console.Out, Console.Error);

    builder.AddServerLogging();
    builder.ConfigureWebServer(settings.Server);
    builder.Services.AddModels(settings);
    builder.Services.AddOpenAI();
    builder.Services.AddNative();
    builder.Services.AddSingleton<PlaygroundFiles>();
    builder.Services.AddApiDescription();

    var app = builder.Build();
    app.UseMiddleware<RequestLogMiddleware>();
    app.UseMiddleware<ErrorMiddleware>();
    app.UseApiDescription();
    app.UseMiddleware<PlaygroundMiddleware>();
    app.MapHealth();
    app.MapOpenAI();
    app.MapNative();
    await app.RunAsync();
    return Environment.ExitCode;
}
catch (SettingsException exception)
{
    await Console.Error.WriteLineAsync(exception.Message);
    return 1;
}
