using System.Globalization;
using InferenceServer.Models.Cpu.Kernels;

namespace InferenceServer.Benchmarks.Reports;

/// <summary>What a figure has to name: processor, threads, caches, and what else ran.</summary>
internal static class Machine
{
    private const long UsualThirdLevel = 32L << 20;

    /// <summary>Bytes of the third-level cache as the system tells them (a share of it may be all a guest gets).</summary>
    public static long ThirdLevelCache { get; } = ReadThirdLevelCache();

    /// <summary>Load average, or "unknown".</summary>
    public static string Load => File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]) : "unknown";

    public static string Describe() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Processor()}, {Environment.ProcessorCount} processors, third-level cache {ThirdLevelCache >> 20} MB, best kernels {KernelSet.Choose().Name}, "
        + $".NET {Environment.Version}, load average {Load}");

    private static string Processor() => File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").Where(line => line.StartsWith("model name", StringComparison.Ordinal))
            .Select(line => line[(line.IndexOf(':') + 1)..].Trim()).FirstOrDefault("a processor without a name")
        : "a processor without a name";

    private static long ReadThirdLevelCache()
    {
        const string File = "/sys/devices/system/cpu/cpu0/cache/index3/size";
        if (!System.IO.File.Exists(File)) return UsualThirdLevel;
        var text = System.IO.File.ReadAllText(File).Trim();
        return text.EndsWith('K') && long.TryParse(text[..^1], CultureInfo.InvariantCulture, out var kilobytes) ? kilobytes << 10 : UsualThirdLevel;
    }
}
