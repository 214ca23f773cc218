using System.Collections.Concurrent;

namespace InferenceServer.Metrics;

/// <summary>Which served models have something to do: routers that place adapters ask (<c>vllm:lora_requests_info</c>).</summary>
public sealed class ModelActivity
{
    private readonly ConcurrentDictionary<string, Counts> _models = new(StringComparer.Ordinal);
    private long _changed = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    /// <summary>When anything last changed, in seconds since 1970.</summary>
    public double Changed => Interlocked.Read(ref _changed) / 1000.0;

    public void Queued(string model) => Change(model, waiting: 1, running: 0);

    public void Scheduled(string model) => Change(model, waiting: -1, running: 1);

    public void Ended(string model, bool wasScheduled) => Change(model, waiting: wasScheduled ? 0 : -1, running: wasScheduled ? -1 : 0);

    public (int Waiting, int Running) Of(string model) =>
        _models.TryGetValue(model, out var counts) ? (Volatile.Read(ref counts.Waiting), Volatile.Read(ref counts.Running)) : default;

    private void Change(string model, int waiting, int running)
    {
        var counts = _models.GetOrAdd(model, static _ => new Counts());
        Interlocked.Add(ref counts.Waiting, waiting);
        Interlocked.Add(ref counts.Running, running);
        Interlocked.Exchange(ref _changed, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
    }

    private sealed class Counts
    {
        public int Waiting;
        public int Running;
    }
}
