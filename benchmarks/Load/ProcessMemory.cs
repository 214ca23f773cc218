using System.Diagnostics;
using System.Globalization;
using InferenceServer.Benchmarks.Reports;

namespace InferenceServer.Benchmarks.Load;

/// <summary>Resident memory of this process, as Linux tells it (proc_pid_status(5)), in bytes.</summary>
/// <param name="Resident">VmRSS.</param>
/// <param name="Anonymous">RssAnon: what is the process's own; the rest is mapped files, which the system may drop.</param>
/// <param name="Peak">VmHWM.</param>
internal readonly record struct ProcessMemory(long Resident, long Anonymous, long Peak)
{
    private const string StatusFile = "/proc/self/status";

    /// <summary>Where there is no such file, the working set and its peak.</summary>
    public static ProcessMemory Read()
    {
        if (File.Exists(StatusFile)) return Parse(File.ReadLines(StatusFile));
        using var process = Process.GetCurrentProcess();
        return new ProcessMemory(process.WorkingSet64, process.PrivateMemorySize64, process.PeakWorkingSet64);
    }

    public static ProcessMemory Parse(IEnumerable<string> status)
    {
        var kilobytes = status.Select(line => line.Split((char[])[':', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length == 3 && words[2] == "kB")
            .ToDictionary(words => words[0], words => long.Parse(words[1], CultureInfo.InvariantCulture));
        return new ProcessMemory(kilobytes["VmRSS"] << 10, kilobytes["RssAnon"] << 10, kilobytes["VmHWM"] << 10);
    }

    /// <summary>Begins the peak anew, so that it says nothing of what was before (proc_pid_clear_refs(5)).</summary>
    public static void ForgetPeak()
    {
        if (File.Exists("/proc/self/clear_refs")) File.WriteAllText("/proc/self/clear_refs", "5");
    }
}

/// <summary>Memory over time, a few times a second.</summary>
internal sealed class MemoryWatch : IDisposable
{
    private readonly List<(double Seconds, ProcessMemory Memory)> _samples = [];
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Timer _timer;

    public MemoryWatch() => _timer = new Timer(_ => Sample(), null, TimeSpan.Zero, TimeSpan.FromMilliseconds(250));

    public string Draw(string title)
    {
        Sample();
        lock (_samples)
        {
            return LineChart.Draw(
                title,
                "seconds",
                "GB",
                [
                    ("resident, mapped files included", [.. _samples.Select(sample => (sample.Seconds, sample.Memory.Resident / 1e9))], false),
                    ("the process's own", [.. _samples.Select(sample => (sample.Seconds, sample.Memory.Anonymous / 1e9))], false),
                ],
                dots: false);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Sample()
    {
        var memory = ProcessMemory.Read();
        lock (_samples) _samples.Add((Stopwatch.GetElapsedTime(_start).TotalSeconds, memory));
    }
}
