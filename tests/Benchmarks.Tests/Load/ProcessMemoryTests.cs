using InferenceServer.Benchmarks.Load;

namespace InferenceServer.Benchmarks.Tests.Load;

public sealed class ProcessMemoryTests
{
    [Fact]
    public void Kilobytes_of_the_status_file_become_bytes() => Assert.Equal(
        new ProcessMemory(Resident: 2048, Anonymous: 1024, Peak: 4096),
        ProcessMemory.Parse(["Name:\tbench", "VmHWM:\t       4 kB", "VmRSS:\t       2 kB", "RssAnon:\t       1 kB", "Threads:\t3"]));
}
