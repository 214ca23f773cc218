using System.Globalization;
using InferenceServer.Models.Cpu;

namespace InferenceServer.Benchmarks.VsLlama;

/// <summary>Whether both sides compute the same: log-probabilities of the whole vocabulary after prompts of several lengths.</summary>
internal static class Agreement
{
    private static readonly int[] Lengths = [1, 7, 33, 64];

    public static void Print(string folder, string peerFolder, GgufType type, int threads)
    {
        using var peer = new PeerProcess(peerFolder);
        peer.Load(SyntheticLlama.Gguf(folder, type), threads);
        using var ours = new OurEngine(folder, new CpuOptions { Weights = Enum.Parse<WeightFormat>($"{type}"), Threads = threads });
        var (largest, same, deviation) = (0.0, 0, 0.0);
        foreach (var length in Lengths)
        {
            var tokens = SyntheticPrompt.Tokens(length, length);
            var mine = ours.Logprobs(tokens);
            var theirs = Logprobs(peer.Logits(tokens));
            for (var id = 0; id < mine.Length; id++) largest = Math.Max(largest, Math.Abs(mine[id] - theirs[id]));
            if (Array.IndexOf(mine, mine.Max()) == Array.IndexOf(theirs, theirs.Max())) same++;
            var mean = mine.Average();
            deviation = Math.Sqrt(mine.Average(value => (value - mean) * (value - mean)));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"agreement in {type}: largest difference of a log-probability {largest:G3} (their deviation is {deviation:F2}), same best token after {same} of {Lengths.Length} prompts"));
    }

    private static float[] Logprobs(float[] logits)
    {
        var most = logits.Max();
        var sum = most + Math.Log(logits.Sum(logit => Math.Exp(logit - most)));
        return [.. logits.Select(logit => (float)(logit - sum))];
    }
}
