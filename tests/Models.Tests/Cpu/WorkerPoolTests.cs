using System.Diagnostics;
using InferenceServer.Models.Cpu;

namespace InferenceServer.Models.Tests.Cpu;

public class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void Every_item_runs_once_in_every_one_of_many_jobs(int threads)
    {
        using var pool = new WorkerPool(threads);
        var random = new Random(1);
        for (var job = 0; job < 3000; job++)
        {
            var counts = new int[random.Next(0, 40)];
            pool.Run(counts.Length, (item, worker) =>
            {
                Assert.InRange(worker, 0, threads - 1);
                Interlocked.Increment(ref counts[item]);
            });
            Assert.All(counts, count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void Jobs_that_come_after_a_pause_wake_the_workers()
    {
        using var pool = new WorkerPool(2);
        for (var round = 0; round < 5; round++)
        {
            Thread.Sleep(20);
            using var both = new Barrier(2);
            // Ends only when two threads hold an item at the same time.
            pool.Run(2, (_, _) => Assert.True(both.SignalAndWait(TimeSpan.FromSeconds(30))));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void An_exception_reaches_the_caller_and_the_pool_lives_on(int threads)
    {
        using var pool = new WorkerPool(threads);
        for (var failing = 0; failing < 20; failing++)
        {
            var thrown = Assert.Throws<InvalidOperationException>(() => pool.Run(20, (item, _) =>
            {
                if (item == failing) throw new InvalidOperationException($"item {item}");
            }));
            Assert.Equal($"item {failing}", thrown.Message);
            var ran = 0;
            pool.Run(10, (_, _) => Interlocked.Increment(ref ran));
            Assert.Equal(10, ran);
        }
    }

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
        // Clock ticks of 10 ms: a spinning thread would have used up to 50 of them.
        Assert.InRange(Ticks(ids) - before, 0, 1);

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

    [Fact]
    public void Disposing_ends_the_threads()
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < 20; i++)
        {
            using var pool = new WorkerPool(3);
            if (i % 2 == 0) pool.Run(5, (_, _) => { });
        }

        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20));
    }
}
