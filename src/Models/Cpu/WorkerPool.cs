using System.Runtime.ExceptionServices;

namespace InferenceServer.Models.Cpu;

/// <summary>
/// Persistent threads that share the items of one job at a time. Items come from an atomic counter, so a thread that
/// loses its core delays only the item it holds; the caller works too and waits only for workers that have joined.
/// Workers spin briefly after a job, then sleep until the next: an idle pool uses no CPU.
/// </summary>
internal sealed class WorkerPool : IDisposable
{
    // About 30 µs on current machines: longer than the gap between two products of a step.
    private const int SpinsBeforeSleep = 1000;

    private readonly Thread[] _workers;
    private readonly SemaphoreSlim _wake = new(0);
    private Action<int, int>? _body;
    private ExceptionDispatchInfo? _failure;
    private int _items;
    private int _next;
    private int _job;
    private int _open;
    private int _joined;
    private int _asleep;
    private volatile bool _stopping;

    /// <param name="threads">Threads that compute, the caller's included; at least 1.</param>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        _workers = new Thread[threads - 1];
        for (var i = 0; i < _workers.Length; i++)
        {
            var worker = i + 1;
            _workers[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"cpu-engine-{worker}" };
            _workers[i].Start();
        }
    }

    public int Threads => _workers.Length + 1;

    /// <summary>
    /// Calls body(item, worker) for every item in [0, items), in any order, and returns when all are done; worker is
    /// in [0, Threads). The first exception ends the job and is thrown here. One caller at a time.
    /// </summary>
    public void Run(int items, Action<int, int> body)
    {
        if (items <= 1 || _workers.Length == 0)
        {
            for (var item = 0; item < items; item++) body(item, 0);
            return;
        }

        _body = body;
        _items = items;
        _failure = null;
        Volatile.Write(ref _next, 0);
        _job = _job == int.MaxValue ? 1 : _job + 1;
        Interlocked.Exchange(ref _open, _job);
        var asleep = Math.Min(Volatile.Read(ref _asleep), items - 1);
        if (asleep > 0) _wake.Release(asleep);

        TakeItems(0);
        Interlocked.Exchange(ref _open, 0);
        var spin = new SpinWait();
        while (Volatile.Read(ref _joined) != 0) spin.SpinOnce(sleep1Threshold: -1);
        _body = null;
        _failure?.Throw();
    }

    public void Dispose()
    {
        _stopping = true;
        _wake.Release(_workers.Length + 1);
        foreach (var worker in _workers) worker.Join();
        _wake.Dispose();
    }

    private void Work(int worker)
    {
        var seen = 0;
        while (!_stopping)
        {
            var job = WaitForJob(seen);
            if (job == 0) continue;
            seen = job;
            // Joining is announced before the job is looked at again: either the caller sees the worker and waits,
            // or the worker sees that the job has closed and touches nothing.
            Interlocked.Increment(ref _joined);
            if (Volatile.Read(ref _open) == job) TakeItems(worker);
            Interlocked.Decrement(ref _joined);
        }
    }

    /// <summary>The number of an open job other than <paramref name="seen"/>, or 0 after a sleep.</summary>
    private int WaitForJob(int seen)
    {
        for (var spins = 0; spins < SpinsBeforeSleep; spins++)
        {
            var job = Volatile.Read(ref _open);
            if (job != 0 && job != seen) return job;
            Thread.SpinWait(1);
        }

        Interlocked.Increment(ref _asleep);
        // A job opened before the caller could count this sleeper must not be missed.
        var late = Volatile.Read(ref _open);
        if (late == 0 || late == seen) _wake.Wait();
        Interlocked.Decrement(ref _asleep);
        return 0;
    }

    private void TakeItems(int worker)
    {
        try
        {
            for (var item = Interlocked.Increment(ref _next) - 1; item < _items; item = Interlocked.Increment(ref _next) - 1)
                _body!(item, worker);
        }
        catch (Exception failure)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(failure), null);
            Interlocked.Exchange(ref _next, _items);
        }
    }
}
