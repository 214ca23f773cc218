using System.Diagnostics;

namespace InferenceServer.Metrics;

/// <summary>The process under the names Prometheus' own client libraries use.</summary>
internal static class ProcessGauges
{
    private const string Descriptors = "/proc/self/fd";

    public static void Write(PrometheusText text)
    {
        using var process = Process.GetCurrentProcess();
        Write("process_resident_memory_bytes", "gauge", "Memory of the process, mapped checkpoints included.", process.WorkingSet64);
        Write("process_cpu_seconds_total", "counter", "Processor time of the process.", process.TotalProcessorTime.TotalSeconds);
        Write("process_start_time_seconds", "gauge", "When the process started, in seconds since 1970.", new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1000.0);
        if (Directory.Exists(Descriptors)) Write("process_open_fds", "gauge", "Open file descriptors.", Directory.EnumerateFileSystemEntries(Descriptors).Count());

        void Write(string name, string type, string help, double value)
        {
            text.Head(name, type, help);
            text.Sample(name, [], value);
        }
    }
}
