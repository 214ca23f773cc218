using System.Globalization;
using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models.Cpu;

namespace InferenceServer.Benchmarks.VsLlama;

/// <summary>
/// Whether both sides compute the same: log-probabilities of the whole vocabulary after prompts of several lengths, against
/// each other and against llama.cpp in f32, whose weights nothing was lost of.
/// </summary>
internal sealed class Agreement(string folder, string peerFolder, int threads)
{
    private static readonly int[] Lengths = [1, 7, 33, 64];
    private float[][]? _exact;

    public void Print(GgufType type)
    {
        using var peer = new PeerProcess(peerFolder);
        peer.Load(SyntheticLlama.Gguf(folder, type), threads);
        using var engine = new OurEngine(folder, new CpuOptions { Weights = WeightFormats.Parse($"{type}"), Threads = threads });
        var prompts = Lengths.Select(length => SyntheticPrompt.Tokens(length, length)).ToList();
        var ours = prompts.Select(engine.Logprobs).ToArray();
        var theirs = prompts.Select(tokens => Logprobs(peer.Logits(tokens))).ToArray();
        _exact ??= theirs;
        var same = Enumerable.Range(0, Lengths.Length).Count(i => Array.IndexOf(ours[i], ours[i].Max()) == Array.IndexOf(theirs[i], theirs[i].Max()));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{type,-4} log-probabilities, ours against llama.cpp's: largest difference {Differences(ours, theirs).Max():G3}, rms {Rms(Differences(ours, theirs)):G3}, "
            + $"same best token after {same} of {Lengths.Length} prompts; rms from f32: ours {Rms(Differences(ours, _exact)):G3}, llama.cpp {Rms(Differences(theirs, _exact)):G3}"));
    }

    private static List<double> Differences(float[][] some, float[][] others) =>
        [.. some.Zip(others).SelectMany(pair => pair.First.Zip(pair.Second, (one, other) => Math.Abs((double)one - other)))];

    private static double Rms(List<double> values) => Math.Sqrt(values.Average(value => value * value));

    private static float[] Logprobs(float[] logits)
    {
        var most = logits.Max();
        var sum = most + Math.Log(logits.Sum(logit => Math.Exp(logit - most)));
        return [.. logits.Select(logit => (float)(logit - sum))];
    }
}
