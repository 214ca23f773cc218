using System.Globalization;
using System.Text.Json;
using InferenceServer.Benchmarks.Reports;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Tokenization;

namespace InferenceServer.Benchmarks.Perplexity;

/// <summary>Perplexity of a text by weight and KV format: e to the mean of −log p(token | tokens before it in its window).</summary>
internal static class TextPerplexity
{
    /// <param name="texts">Each begins a window of its own, with what the tokenizer puts before a text; long ones take several.</param>
    /// <param name="most">Tokens that are scored, over all texts.</param>
    /// <returns>By setting.</returns>
    public static IReadOnlyList<double> Measure(string folder, IReadOnlyList<string> texts, IReadOnlyList<CpuOptions> settings, int window, int most)
    {
        var tokenizer = Tokenizer.Load(folder);
        var table = new MarkdownTable("weights", "KV", "tokens>", "perplexity>", "over the first>", "rms difference of a log-probability from the first>");
        var perplexities = new List<double>();
        List<double>? exact = null;
        foreach (var cpu in settings)
        {
            using var runner = new TextRunner(folder, cpu, window);
            var logprobs = texts.SelectMany(text => Windows([.. tokenizer.EncodeToIds(text)], runner.Window)).SelectMany(tokens => runner.Logprobs(tokens)).Take(most).ToList();
            if (logprobs.Count == 0) throw new ArgumentException("The text has less than two tokens.");
            exact ??= logprobs;
            var perplexity = Of(logprobs);
            perplexities.Add(perplexity);
            table.Row(
                WeightFormats.Name(cpu.Weights),
                KvFormats.Name(cpu.Kv),
                logprobs.Count.ToString("N0", CultureInfo.InvariantCulture),
                perplexity.ToString("F4", CultureInfo.InvariantCulture),
                (perplexity / perplexities[0]).ToString("F5", CultureInfo.InvariantCulture),
                Math.Sqrt(logprobs.Zip(exact, (one, other) => (one - other) * (one - other)).Average()).ToString("G3", CultureInfo.InvariantCulture));
        }

        return perplexities;
    }

    /// <param name="logprobs">Natural logarithms.</param>
    public static double Of(IReadOnlyList<double> logprobs) => Math.Exp(-logprobs.Average());

    /// <summary>A JSON list of strings, or plain text.</summary>
    public static IReadOnlyList<string> Read(string path) => Path.GetExtension(path) == ".json"
        ? JsonSerializer.Deserialize<string[]>(File.ReadAllText(path)) ?? throw new ArgumentException($"{path} is not a list of texts.")
        : [File.ReadAllText(path)];

    /// <summary>Pieces of at most so many tokens; one of a single token has nothing to score.</summary>
    public static IEnumerable<int[]> Windows(int[] tokens, int size) => tokens.Chunk(size).Where(piece => piece.Length > 1);
}
