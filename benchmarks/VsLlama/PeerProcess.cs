using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InferenceServer.Benchmarks.VsLlama;

/// <summary>llama.cpp with one model, in the process of <c>vs-llama.cpp/peer.mjs</c>; waits idle between requests.</summary>
internal sealed class PeerProcess : IDisposable
{
    private readonly Process _process;

    /// <param name="folder">Holds peer.mjs and its node_modules.</param>
    public PeerProcess(string folder)
    {
        if (!Directory.Exists(Path.Combine(folder, "node_modules")))
            throw new InvalidOperationException($"llama.cpp is not installed. Run: npm install --prefix {folder}");
        _process = Process.Start(new ProcessStartInfo("node", [Path.Combine(folder, "peer.mjs")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        }) ?? throw new InvalidOperationException("Node.js (20 or later) did not start.");
    }

    public JsonObject Load(string path, int threads) => Ask(new { op = "load", path = Path.GetFullPath(path), threads });

    /// <summary>Seconds by llama.cpp's own timer, sampling not included.</summary>
    public double Prefill(int tokens) => Seconds(Ask(new { op = "prefill", tokens }), tokens);

    /// <inheritdoc cref="Prefill"/>
    public double Decode(int sequences, int context, int steps) => Seconds(Ask(new { op = "decode", sequences, context, steps }), sequences * steps);

    public float[] Logits(int[] tokens) => Ask(new { op = "logits", tokens })["logits"]!.Deserialize<float[]>()!;

    public void Dispose()
    {
        _process.StandardInput.Close(); // it ends by itself then
        _process.WaitForExit();
        _process.Dispose();
    }

    private static double Seconds(JsonObject answer, int tokens)
    {
        // llama.cpp prints 1 for no token at all, so a count that differs means its timers were read wrongly.
        var counted = (int)answer["counted"]!;
        return counted == tokens
            ? (double)answer["milliseconds"]! / 1000
            : throw new InvalidOperationException($"llama.cpp timed {counted} tokens of {tokens}.");
    }

    private JsonObject Ask(object request)
    {
        _process.StandardInput.WriteLine(JsonSerializer.Serialize(request));
        _process.StandardInput.Flush();
        var line = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The llama.cpp process ended; what it wrote is above.");
        var answer = JsonNode.Parse(line)!.AsObject();
        return answer["error"] is null ? answer : throw new InvalidOperationException($"llama.cpp: {line}");
    }
}
