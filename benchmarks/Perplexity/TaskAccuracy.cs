using System.Text.Json;
using InferenceServer.Benchmarks.Reports;
using InferenceServer.Models;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using Microsoft.Extensions.Logging.Abstractions;

namespace InferenceServer.Benchmarks.Perplexity;

/// <summary>Share of held-out problems that a bundled checkpoint answers exactly, greedy, through the whole engine.</summary>
internal static class TaskAccuracy
{
    private const int MostTokens = 512;

    /// <summary>Measures and prints all of them; [formats][checkpoints].</summary>
    public static (IReadOnlyList<string> Names, double[][] Shares) Measure(IReadOnlyList<WeightFormat> formats, CpuOptions cpu, int problems)
    {
        IReadOnlyList<string> names =
        [
            .. Directory.EnumerateDirectories(Repository.Path("checkpoints")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal),
        ];
        var shares = formats.Select(_ => names.Select(_ => double.NaN).ToArray()).ToArray();
        var table = new MarkdownTable(["checkpoint", "problems>", .. formats.Select(format => $"{WeightFormats.Name(format)}>")]);
        for (var i = 0; i < names.Count; i++)
        {
            var lines = Repository.HeldOut(names[i]).Take(problems).ToList();
            for (var format = 0; format < formats.Count; format++) shares[format][i] = Right(names[i], lines, cpu with { Weights = formats[format] });
            table.Row([names[i], $"{lines.Count}", .. shares.Select(share => MarkdownTable.Number(100 * share[i]) + " %")]);
        }

        return (names, shares);
    }

    /// <summary>Whether an answer is the one that was expected; white space around it does not count.</summary>
    public static bool IsRight(string answer, string expected) => answer.Trim() == expected.Trim();

    private static double Right(string name, List<JsonElement> lines, CpuOptions cpu)
    {
        var options = new ModelOptions
        {
            Name = name,
            Path = Repository.Path("checkpoints", name),
            Cpu = cpu,
            KvMemory = 256 << 20,
            Engine = new EngineOptions { MaxWaiting = lines.Count },
        };
        using var model = ModelLoader.Load(options, NullLogger.Instance);
        var generations = lines.Select(line => model.Submit(new GenerationRequest
        {
            Prompt = line.GetProperty("prompt_ids").Deserialize<int[]>()!,
            MaxTokens = line.TryGetProperty("max_tokens", out var most) ? most.GetInt32() : Math.Min(MostTokens, model.ContextLength / 2),
            Answering = SamplingOptions.Greedy,
            Thinking = SamplingOptions.Greedy,
        })).ToList();
        return generations.Zip(lines, (generation, line) => IsRight(Answer(generation), line.GetProperty("expected").GetString()!) ? 1.0 : 0.0).Average();
    }

    private static string Answer(Generation generation)
    {
        var answer = "";
        foreach (var next in generation.Events.ReadAllAsync().ToBlockingEnumerable())
        {
            answer = next switch
            {
                GenerationEvent.Token { Channel: TokenChannel.Answer } token => answer + token.Text,
                GenerationEvent.Restarted { Channel: TokenChannel.Answer } => "",
                GenerationEvent.Failed failed => throw new InvalidOperationException(failed.Message),
                _ => answer,
            };
        }

        return answer;
    }
}
