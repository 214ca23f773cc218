using System.Text.Json;
using InferenceServer.Models.Architectures;
using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>
/// A tiny random checkpoint with the logits an independent float64 PyTorch forward gives for it
/// (tests/golden/make_golden.py).
/// </summary>
public sealed class Golden : IDisposable
{
    /// <summary>Largest difference allowed, relative to the largest logit.</summary>
    public const double Tolerance = 1e-4;

    private static readonly JsonSerializerOptions SnakeCase = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private Golden(Checkpoint checkpoint, Expected expected)
    {
        Checkpoint = checkpoint;
        Tokens = expected.Tokens;
        Logits = expected.Logits;
        ThinkingLayer = expected.ThinkingLayer;
        ThinkingLogits = expected.ThinkingLogits;
        Model = ModelBuilder.Build(checkpoint);
    }

    public static TheoryData<string> Names =>
        [.. System.IO.Directory.EnumerateDirectories(Root()).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    public Checkpoint Checkpoint { get; }

    public BuiltModel Model { get; }

    public int[] Tokens { get; }

    /// <summary>[tokens][vocabulary]</summary>
    public double[][] Logits { get; }

    /// <summary>TaS: layers before the thinking head; 0 otherwise.</summary>
    public int ThinkingLayer { get; }

    /// <summary>TaS: [tokens][vocabulary] of the thinking head.</summary>
    public double[][]? ThinkingLogits { get; }

    public static string Folder(string name) => Path.Combine(Root(), name);

    public static Golden Open(string name)
    {
        var json = File.ReadAllText(Path.Combine(Folder(name), "expected.json"));
        var expected = JsonSerializer.Deserialize<Expected>(json, SnakeCase)!;
        return new Golden(Checkpoint.Open(Folder(name)), expected);
    }

    /// <summary>Compares log-probabilities with expected logits, row by row.</summary>
    public static void AssertClose(double[][] logits, double[][] logprobs)
    {
        Assert.Equal(logits.Length, logprobs.Length);
        for (var row = 0; row < logits.Length; row++)
        {
            var expected = LogSoftmax(logits[row]);
            var allowed = Tolerance * logits[row].Max(Math.Abs);
            Assert.Equal(expected.Length, logprobs[row].Length);
            for (var id = 0; id < expected.Length; id++)
            {
                Assert.True(
                    Math.Abs(expected[id] - logprobs[row][id]) <= allowed,
                    $"Row {row}, id {id}: expected {expected[id]}, found {logprobs[row][id]}.");
            }
        }
    }

    public static double[] LogSoftmax(double[] logits)
    {
        var max = logits.Max();
        var logSum = max + Math.Log(logits.Sum(logit => Math.Exp(logit - max)));
        return Array.ConvertAll(logits, logit => logit - logSum);
    }

    public void Dispose() => Checkpoint.Dispose();

    public static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "Golden");
            if (File.Exists(Path.Combine(folder.FullName, "Models.Tests.csproj")) && System.IO.Directory.Exists(candidate)) return candidate;
        }

        throw new DirectoryNotFoundException("Run the tests from the repository: tests/Models.Tests/Golden was not found.");
    }

    private sealed record Expected(int[] Tokens, double[][] Logits, int ThinkingLayer, double[][]? ThinkingLogits);
}
