using System.Collections.Concurrent;
using System.Diagnostics;
using InferenceServer.Models.Constraints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Thinking;
using Microsoft.Extensions.Logging;

namespace InferenceServer.Models.Engine;

/// <summary>
/// The loop that owns a decoder, on one thread of its own: (1) take new requests and commands, (2) drop what was cancelled,
/// (3) admit by priority and age, (4) run one step of all running sequences, (5) retire what is complete.
/// </summary>
public sealed partial class InferenceEngine : IDisposable
{
    private static readonly GenerationEvent.Failed Stopped = new("The server is shutting down.", Stopping: true);

    private readonly IDecoder _decoder;
    private readonly EngineModel _model;
    private readonly EngineOptions _options;
    private readonly ILogger _logger;
    private readonly KvLedger _ledger;
    private readonly AdmissionQueue _admission;
    private readonly EngineMetrics _metrics;
    private readonly EngineTrace? _trace;
    private readonly StepRunner _steps;
    private readonly ConcurrentQueue<Generation> _submitted = new();
    private readonly ConcurrentQueue<(Generation Generation, ProgramCommand Command, TaskCompletionSource<bool> Done)> _commands = new();
    private readonly SortedSet<Sequence> _waiting = [];
    private readonly List<Sequence> _running = []; // in order of service
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private EngineLoad _load = new(0, 0, 0, 0, 0, 0, 0);
    private long _arrivals;
    private int _nextRows;
    private long _preemptions;
    private long _prefixQueries;
    private long _prefixHits;
    private volatile bool _stopping;
    private volatile string? _unhealthy;

    /// <exception cref="ArgumentException">A step has fewer rows than sequences may run.</exception>
    public InferenceEngine(IDecoder decoder, EngineModel model, EngineOptions options, ILogger logger)
    {
        if (options.StepRows < options.MaxRunning)
            throw new ArgumentException($"StepRows ({options.StepRows}) must be at least MaxRunning ({options.MaxRunning}): each running sequence takes a row.", nameof(options));
        _decoder = decoder;
        _model = model;
        _options = options;
        _logger = logger;
        _ledger = new KvLedger(decoder.Geometry, decoder.PageCount);
        _admission = new AdmissionQueue(options);
        _metrics = new EngineMetrics(model.Name, () => Load);
        _trace = options.TraceFile is null ? null : new EngineTrace(options.TraceFile);
        _steps = new StepRunner(decoder, options, _metrics, _trace, logger);
        _thread = new Thread(Loop) { IsBackground = true, Name = "inference engine" };
        _thread.Start();
    }

    /// <summary>Null while the engine can prove its own consistency; otherwise what broke. An unhealthy engine takes no requests.</summary>
    public string? Unhealthy => _unhealthy;

    /// <summary>Requests submitted and not finished.</summary>
    public int Unfinished => _admission.Requests;

    /// <summary>Why any request would be refused now; null while there is room for one. Costs nothing: ask before preparing one.</summary>
    public EngineBusyException? Busy => _admission.Busy;

    public EngineLoad Load => Volatile.Read(ref _load);

    /// <summary>Names it in meters: the first of the models that share it.</summary>
    public string Name => _model.Name;

    /// <summary>Pages of KV in the arena.</summary>
    public int KvPages => _decoder.PageCount;

    public KvGeometry Geometry => _decoder.Geometry;

    /// <summary>Positions of KV the arena holds when every layer is used.</summary>
    public long KvCapacityTokens => KvTokens(_decoder.Spec.AllLayers);

    /// <summary>Positions the arena holds for rows that run this range only.</summary>
    public long KvTokens(LayerRange range)
    {
        var geometry = _decoder.Geometry;
        return range.Count == 0 ? 0 : (long)_decoder.PageCount / (range.Count / geometry.LayersPerPage) * geometry.PageTokens;
    }

    /// <summary>Queues a request that was validated for the engine's own model.</summary>
    /// <exception cref="EngineBusyException">The queue is full.</exception>
    public Generation Submit(GenerationRequest request) => Submit(request, _model);

    /// <summary>Queues a request that was validated for a model which shares this engine's spec.</summary>
    /// <exception cref="EngineBusyException">The queue is full.</exception>
    public Generation Submit(GenerationRequest request, EngineModel model, IGenerationObserver? observer = null)
    {
        if (Unhealthy is { } reason) throw new InvalidOperationException($"The engine is unhealthy: {reason}");
        ObjectDisposedException.ThrowIf(_stopping, this);
        _admission.Enter(request.Prompt.Count);
        var generation = new Generation(this, request, model, observer);
        _submitted.Enqueue(generation);
        _wake.Set();

        // The loop may have taken its last look between the check above and here.
        if (_stopping && _submitted.TryDequeue(out var missed)) Refuse(missed, Stopped);
        return generation;
    }

    public void Dispose()
    {
        if (_stopping) return;
        _stopping = true;
        _wake.Set();
        _thread.Join();
        _trace?.Dispose();
        _metrics.Dispose();
        _decoder.Dispose();
    }

    internal void Wake() => _wake.Set();

    internal Task<bool> SendAsync(Generation generation, ProgramCommand command)
    {
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        _commands.Enqueue((generation, command, done));
        _wake.Set();
        if (_stopping) done.TrySetResult(false);
        return done.Task;
    }

    private void Loop()
    {
        while (!_stopping)
        {
            try
            {
                var busy = Turn();
                Publish();
                _trace?.Counters(Load, Stopwatch.GetTimestamp());
                if (!busy) _wake.WaitOne();
            }
#pragma warning disable CA1031 // The loop must not die silently: whatever got here is beyond a single sequence.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                _logger.LogCritical(exception, "The engine loop failed; the engine takes no more requests.");
                _unhealthy = exception.Message;
                EndAll(new GenerationEvent.Failed("The engine failed; see the server's log."));
            }
        }

        EndAll(Stopped);
        Publish();
    }

    /// <summary>One turn; false when there is nothing to do.</summary>
    private bool Turn()
    {
        ReceiveSubmitted();
        ApplyCommands();
        foreach (var sequence in _running.Concat(_waiting).Where(sequence => sequence.Generation.IsCancelled).ToArray())
            Retire(sequence, cancelled => cancelled.Finish(FinishReason.Cancelled));
        Admit();
        if (_running.Count == 0)
        {
            CheckIdle();
            return false;
        }

        _steps.Run(_running, Preempt, Fail);
        foreach (var sequence in _running.Where(sequence => sequence.IsDone).ToArray())
            Retire(sequence, done => done.Finish(done.Reason));
        return true;
    }

    private void ApplyCommands()
    {
        while (_commands.TryDequeue(out var entry))
        {
            // A request and its first command may both have come since the turn began.
            ReceiveSubmitted();
            var sequence = _running.Concat(_waiting).FirstOrDefault(known => known.Generation == entry.Generation);
            var applied = false;
            try
            {
                applied = sequence is not null && sequence.Program.Command(entry.Command, sequence.Assembler);
            }
#pragma warning disable CA1031 // A command that breaks a program ends that sequence alone.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Fail(sequence!, exception);
            }

            entry.Done.TrySetResult(applied);
        }
    }

    private void Fail(Sequence sequence, Exception exception)
    {
        _logger.LogError(exception, "A sequence failed.");
        // What a constraint says of itself holds nothing of the prompt, and the client can act on it.
        var message = exception is ConstraintException constraint ? constraint.Message : "The generation failed; see the server's log.";
        Retire(sequence, failed => failed.Fail(new GenerationEvent.Failed(message)));
    }

    private void Retire(Sequence sequence, Action<Sequence> tell)
    {
        if (!_running.Remove(sequence) && !_waiting.Remove(sequence)) return;
        sequence.Dispose();
        var usage = sequence.Assembler.Usage;
        if (sequence.Started is { } started)
            _admission.Learn(usage.PromptTokens + usage.CompletionTokens, Stopwatch.GetElapsedTime(started) / (_running.Count + 1));
        _admission.Leave(sequence.Generation.Request.Prompt.Count);
        try
        {
            tell(sequence);
        }
#pragma warning disable CA1031 // A sequence that cannot even say goodbye must not take the others with it.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _logger.LogError(exception, "The end of a sequence failed.");
            sequence.Fail(new GenerationEvent.Failed("The generation failed; see the server's log."));
        }
    }

    private void Refuse(Generation generation, GenerationEvent last)
    {
        _admission.Leave(generation.Request.Prompt.Count);
        generation.Publish(last);
        generation.Complete();
    }

    private void EndAll(GenerationEvent.Failed last)
    {
        foreach (var sequence in _running.Concat(_waiting).ToArray()) Retire(sequence, ended => ended.Fail(last));
        while (_submitted.TryDequeue(out var generation)) Refuse(generation, last);
        while (_commands.TryDequeue(out var entry)) entry.Done.TrySetResult(false);
    }

    private void CheckIdle()
    {
        if (_unhealthy is not null) return;
        var problem = _ledger.CheckIntegrity();
        if (problem is null && _ledger.UsedPages != _ledger.CachedPages) problem = $"{_ledger.UsedPages - _ledger.CachedPages} KV pages are in use although nothing runs.";
        if (problem is null && _ledger.ChargedPages != 0) problem = $"{_ledger.ChargedPages} pages of hidden states are kept although nothing runs.";
        if (problem is null) return;
        _logger.LogCritical("The KV ledger is inconsistent: {Problem}", problem);
        _unhealthy = problem;
    }

    private void Publish() => Volatile.Write(
        ref _load,
        new EngineLoad(_running.Count, _waiting.Count, _ledger.UsedPages, _ledger.CachedPages, _preemptions, _prefixQueries, _prefixHits) { ChargedPages = _ledger.ChargedPages });
}
