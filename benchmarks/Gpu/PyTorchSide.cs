using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InferenceServer.Benchmarks.Gpu;

/// <summary>The same work in plain PyTorch (pytorch_side.py), where there is a Python that has it.</summary>
internal sealed class PyTorchSide(JsonNode? result, string description)
{
    public string Description { get; } = description;

    /// <summary>Tokens a second; NaN where there is no PyTorch.</summary>
    public double Prefill => (double?)result?["prefill"] ?? double.NaN;

    /// <inheritdoc cref="Prefill"/>
    public double Decode(int batch) => (double?)result?["decode"]?[batch.ToString(CultureInfo.InvariantCulture)] ?? double.NaN;

    public static PyTorchSide Run(string python, string folder, GpuWork work)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "pytorch_side.py");
        var start = new ProcessStartInfo(python) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])
            [
                script, folder, work.Device == "torch-cpu" ? "cpu" : work.Device, work.Weights.ToString().ToLowerInvariant(), string.Join(',', work.Batches),
                Text(work.Context), Text(work.Prompt), Text(work.Steps), Text(work.Rounds),
            ])
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode == 0 && JsonNode.Parse(output) is { } json) return new PyTorchSide(json, $"PyTorch {json["version"]}, {json["attention"]}");
            return new PyTorchSide(null, $"no PyTorch beside it: {errors.Result.Trim().Split('\n')[^1]}");
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or JsonException)
        {
            return new PyTorchSide(null, $"no PyTorch beside it: {exception.Message}");
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
