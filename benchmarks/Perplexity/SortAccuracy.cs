using InferenceServer.Models.Cpu;

namespace InferenceServer.Benchmarks.Perplexity;

/// <summary>gpt-nano-sort (bbycroft/llm-viz): six symbols of three, then the same sorted; all 729 inputs.</summary>
internal static class SortAccuracy
{
    private const int Symbols = 3;
    private const int Length = 6;

    /// <summary>Share of the inputs that are sorted without a mistake, greedy.</summary>
    public static double Measure(string folder, CpuOptions cpu)
    {
        using var runner = new TextRunner(folder, cpu, (2 * Length) - 1);
        return Inputs().Average(input =>
        {
            // With the right symbols before it a model that makes no mistake says what it says alone.
            var sorted = input.Order().ToArray();
            return runner.Best([.. input, .. sorted[..^1]]).Skip(Length - 1).SequenceEqual(sorted) ? 1.0 : 0.0;
        });
    }

    private static IEnumerable<int[]> Inputs() =>
        Enumerable.Range(0, (int)Math.Pow(Symbols, Length)).Select(number =>
            Enumerable.Range(0, Length).Select(digit => number / (int)Math.Pow(Symbols, digit) % Symbols).ToArray());
}
