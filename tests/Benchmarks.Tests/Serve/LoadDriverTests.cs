using InferenceServer.Benchmarks.Serve;

namespace InferenceServer.Benchmarks.Tests.Serve;

public sealed class LoadDriverTests
{
    [Fact]
    public async Task A_closed_loop_keeps_so_many_streams_and_sends_so_many_requests()
    {
        var (running, most, numbers) = (0, 0, new List<int>());
        var driver = new LoadDriver(
            async (number, _) =>
            {
                lock (numbers)
                {
                    numbers.Add(number);
                    most = Math.Max(most, ++running);
                }

                await Task.Delay(5);
                lock (numbers) running--;
                return new StreamTrace();
            },
            null);

        var load = await driver.Closed(streams: 3, requests: 10);

        Assert.Equal(10, load.Traces.Count);
        Assert.InRange(most, 1, 3);
        Assert.Equal(Enumerable.Range(1, 10), numbers.Order());
        Assert.True(double.IsNaN(load.ServerShare));
    }

    [Fact]
    public async Task An_open_loop_does_not_wait_for_answers()
    {
        var gate = new TaskCompletionSource();
        var sent = 0;
        var driver = new LoadDriver(
            async (_, _) =>
            {
                // The last to arrive lets all of them go.
                if (Interlocked.Increment(ref sent) == 4) gate.SetResult();
                await gate.Task;
                return new StreamTrace();
            },
            () => TimeSpan.Zero);

        var load = await driver.Open([0, 0.001, 0.002, 0.003]).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal(4, load.Traces.Count);
        Assert.Equal(0, load.ServerShare);
    }
}
