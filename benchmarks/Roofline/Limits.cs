using InferenceServer.Benchmarks.Reports;
using InferenceServer.Models.Cpu;

namespace InferenceServer.Benchmarks.Roofline;

/// <summary>What the machine can do, by one thread and by all: the roofs.</summary>
/// <param name="Memory">Reads beyond all caches, bytes a second.</param>
/// <param name="Cache">Reads of a set that stays in the third-level cache, bytes a second.</param>
/// <param name="Peaks">Operations a second by kind of instruction.</param>
internal sealed record Limits(double Memory, double Cache, IReadOnlyList<(string Name, double Rate)> Peaks)
{
    /// <summary>Measures and prints them, the kinds in turns.</summary>
    public static Limits Measure(int threads, int rounds, bool quick)
    {
        // Well beyond the cache, and well within it though others may use it too (and beyond the second-level caches).
        var beyond = quick ? 64L << 20 : Math.Clamp(8 * Machine.ThirdLevelCache, 256 << 20, 1 << 30);
        var within = Math.Clamp(Machine.ThirdLevelCache / 4, 8 << 20, 32 << 20);
        int[] counts = threads > 1 ? [1, threads] : [1];
        var table = new MarkdownTable([$"limit", .. counts.Select(count => $"{count} thread{(count > 1 ? "s" : "")}>")]);
        var (memory, cache) = (new double[counts.Length], new double[counts.Length]);
        for (var i = 0; i < counts.Length; i++)
        {
            using var large = new MemoryReader(beyond, counts[i]);
            using var small = new MemoryReader(within, counts[i]);
            var rates = Rounds.Interleave(rounds, [() => large.Rate(), () => small.Rate(10)]);
            (memory[i], cache[i]) = (Statistics.Median(rates[0]), Statistics.Median(rates[1]));
        }

        table.Row([$"memory read, {beyond >> 20} MB, GB/s", .. memory.Select(rate => MarkdownTable.Number(rate / 1e9))]);
        table.Row([$"cache read, {within >> 20} MB, GB/s", .. cache.Select(rate => MarkdownTable.Number(rate / 1e9))]);
        var peaks = new List<(string, double)>();
        foreach (var peak in ComputePeak.All())
        {
            var rates = counts.Select(count =>
            {
                using var pool = new WorkerPool(count);
                return Statistics.Median(Rounds.Interleave(rounds, [() => peak.Rate(pool)])[0]);
            }).ToArray();
            table.Row([$"{peak.Name}, Gop/s", .. rates.Select(rate => MarkdownTable.Number(rate / 1e9))]);
            peaks.Add((peak.Name, rates[^1]));
        }

        return new Limits(memory[^1], cache[^1], peaks);
    }

    /// <summary>The most operations a second a product of this format can do on this machine.</summary>
    public double Peak(WeightFormat format, KernelPath path)
    {
        var integers = format is WeightFormat.Q8 or WeightFormat.Q4;
        var name = (format, path) switch
        {
            (WeightFormat.F32, _) => "f32 FMA",
            (_, KernelPath.Amx) => integers ? "AMX int8" : "AMX bf16",
            _ => integers ? "vpdpbusd" : "f32 FMA",
        };
        return Peaks.Where(peak => peak.Name == name).Select(peak => peak.Rate).DefaultIfEmpty(double.NaN).First();
    }
}
