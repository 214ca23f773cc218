using System.Runtime.ExceptionServices;

namespace InferenceServer.Models.Cpu;

/// <summary>
/// Persistent threads that share the items of one job at a time. Each begins with a stretch of its own, so that what it
/// prefetches is what it needs next, and then helps out in the others'; items come from atomic counters, so a thread that
/// loses its core delays only the item it holds. The caller works too and waits only for workers that have joined.
/// Workers spin briefly after a job, longer within a step, then sleep until the next: an idle pool uses no CPU.
/// </summary>
internal sealed class WorkerPool : IDisposable
{
    // Some 100 µs on current machines: about the gap between two steps of a busy engine.
    private const int SpinsBeforeSleep = 3000;

    // Some 3 ms: work that a step does on one thread must not put the others to sleep.
    private const int SpinsWithinStep = 100_000;

    // The caller waits for items that are being worked on: microseconds, unless a worker has lost its core.
    private const int SpinsBeforeYield = 10_000;

    // A cache line between counters, so that threads do not wait for each other's.
    private const int Apart = 128 / sizeof(int);

    private readonly Thread[] _workers;
    private readonly int[] _next; // at (1 + thread) · Apart
    private readonly SemaphoreSlim _wake = new(0);
    private Action<int, int>? _body;
    private ExceptionDispatchInfo? _failure;
    private int _items;
    private int _job;
    private int _open;
    private int _joined;
    private int _asleep;
    private volatile bool _stepping;
    private volatile bool _stopping;

    /// <param name="threads">Threads that compute, the caller's included; at least 1.</param>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        _workers = new Thread[threads - 1];
        _next = new int[(threads + 2) * Apart];
        for (var i = 0; i < _workers.Length; i++)
        {
            var worker = i + 1;
            _workers[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"cpu-engine-{worker}" };
            _workers[i].Start();
        }
    }

    public int Threads => _workers.Length + 1;

    /// <summary>Whether jobs will follow each other closely, with at most a few milliseconds between them.</summary>
    public bool Stepping { set => _stepping = value; }

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
        for (var thread = 0; thread < Threads; thread++) Volatile.Write(ref Next(thread), First(thread));
        _job = _job == int.MaxValue ? 1 : _job + 1;
        Interlocked.Exchange(ref _open, _job);
        var asleep = Math.Min(Volatile.Read(ref _asleep), items - 1);
        if (asleep > 0) _wake.Release(asleep);

        TakeItems(0);
        Interlocked.Exchange(ref _open, 0);
        for (var spins = 0; Volatile.Read(ref _joined) != 0; spins++)
        {
            if (spins < SpinsBeforeYield) Thread.SpinWait(1);
            else Thread.Yield();
        }

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
        for (var spins = 0; spins < (_stepping ? SpinsWithinStep : SpinsBeforeSleep); spins++)
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
            for (var i = 0; i < Threads; i++)
            {
                var stretch = (worker + i) % Threads;
                var end = First(stretch + 1);
                ref var next = ref Next(stretch);
                // A look before the claim: counters of finished stretches are only read.
                while (Volatile.Read(ref next) < end)
                {
                    var item = Interlocked.Increment(ref next) - 1;
                    if (item < end) _body!(item, worker);
                }
            }
        }
        catch (Exception failure)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(failure), null);
            for (var thread = 0; thread < Threads; thread++) Interlocked.Exchange(ref Next(thread), _items);
        }
    }

    private int First(int thread) => (int)((long)_items * thread / Threads);

    private ref int Next(int thread) => ref _next[(thread + 1) * Apart];
}
