using InferenceServer.Models.Cpu;

namespace InferenceServer.Models.Tests.Cpu;

/// <summary>Looks at the threads of the whole process, so nothing else may run beside it.</summary>
[Collection(nameof(IdlePoolTests))]
[CollectionDefinition(nameof(IdlePoolTests), DisableParallelization = true)]
public class IdlePoolTests
{
    [Fact]
    public void An_idle_pool_uses_no_processor_time()
    {
        using var pool = new WorkerPool(4);
        pool.Run(100, (_, _) => { });
        Thread.Sleep(100);
        var ids = ThreadIds();
        Assert.Equal(3, ids.Count);
        var before = Ticks(ids);
        Thread.Sleep(500);
        // Clock ticks of 10 ms: three spinning threads would have used up to 150 of them.
        Assert.InRange(Ticks(ids) - before, 0, 5);

        static List<int> ThreadIds()
        {
            Assert.SkipUnless(OperatingSystem.IsLinux(), "Thread times are read from /proc.");
            return [.. Directory.GetDirectories("/proc/self/task").Select(path => int.Parse(Path.GetFileName(path)))
                .Where(id => File.ReadAllText($"/proc/self/task/{id}/comm").StartsWith("cpu-engine-", StringComparison.Ordinal))];
        }

        static long Ticks(List<int> ids) => ids.Sum(id =>
        {
            var fields = File.ReadAllText($"/proc/self/task/{id}/stat").Split(") ")[1].Split(' ');
            return long.Parse(fields[11]) + long.Parse(fields[12]);
        });
    }
}
