using System.Globalization;
using System.Text;
using System.Text.Json;
using InferenceServer.Models;
using InferenceServer.Models.Checkpoints;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace InferenceServer.Hosting;

/// <summary>What the log says once the models are loaded: what is served, and a request to try.</summary>
internal sealed class Banner(ModelRegistry models, IServer server, IHostApplicationLifetime lifetime, ILogger<Banner> logger)
{
    public void Show()
    {
        var started = DateTime.Now - System.Diagnostics.Process.GetCurrentProcess().StartTime;
        logger.LogInformation(
            "Ready after {Seconds:F2} s.\n{Table}", started.TotalSeconds, Table(models.Slots));

        // The address is known once the web server listens, which may come after the models.
        lifetime.ApplicationStarted.Register(() => logger.LogInformation("Open {Url}/ in a browser, or try:\n  {Curl}", Url(), Curl()));
    }

    /// <summary>One line a model.</summary>
    public static string Table(IReadOnlyList<ModelSlot> slots)
    {
        string[] head = ["model", "method", "layers", "thinks at", "context", "load", "engine"];
        var rows = slots.Select(slot => slot.Ready).OfType<ReadyModel>().Select(Row).Prepend(head).ToList();
        var widths = head.Select((_, column) => rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
            text.Append("  ").AppendLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        return text.ToString().TrimEnd();
    }

    private static string[] Row(ReadyModel ready) => Row(ready.Model, ready.LoadTime);

    private static string[] Row(ServedModel model, TimeSpan loadTime) =>
    [
        model.Name,
        model.Thinking.Method.Id(),
        model.Layers.ToString(CultureInfo.InvariantCulture),
        ThinkingLayer(model)?.ToString(CultureInfo.InvariantCulture) ?? "-",
        model.ContextLength.ToString(CultureInfo.InvariantCulture),
        loadTime.TotalSeconds.ToString("F2", CultureInfo.InvariantCulture) + " s",
        model.Description,
    ];

    internal static int? ThinkingLayer(ServedModel model) => model.Thinking.Method == ThinkingMethod.Tas ? model.Thinking.ThinkingLayer : null;

    private string Url()
    {
        var address = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? "http://localhost:8080";
        return address.Replace("[::]", "localhost", StringComparison.Ordinal).Replace("0.0.0.0", "localhost", StringComparison.Ordinal).TrimEnd('/');
    }

    private string Curl()
    {
        var options = models.Slots[0].Options;
        var name = JsonEncodedText.Encode(options.Name);
        var example = JsonEncodedText.Encode(options.Example ?? "Hello").ToString().Replace("'", "\\u0027", StringComparison.Ordinal);
        return $$"""curl -N {{Url()}}/v1/generate -H 'Content-Type: application/json' -d '{"model":"{{name}}","stream":true,"prompt":"{{example}}"}'""";
    }
}
