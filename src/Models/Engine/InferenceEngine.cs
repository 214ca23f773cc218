using System.Collections.Concurrent;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Thinking;
using Microsoft.Extensions.Logging;

namespace InferenceServer.Models.Engine;

/// <summary>The engine has as many requests waiting as it takes.</summary>
public sealed class EngineBusyException(string message) : Exception(message);

/// <summary>
/// The loop that owns a decoder: one thread admits sequences, merges their plans into one step, runs it and hands out the
/// tokens. (1) take commands and new requests, (2) drop what was cancelled, (3) admit, (4) plan, (5) reserve KV,
/// (6) run, (7) accept, (8) retire.
/// </summary>
public sealed class InferenceEngine : IDisposable
{
    private readonly IDecoder _decoder;
    private readonly EngineModel _model;
    private readonly EngineOptions _options;
    private readonly ILogger _logger;
    private readonly KvLedger _ledger;
    private readonly ConcurrentQueue<Generation> _submitted = new();
    private readonly ConcurrentQueue<(Generation Generation, ProgramCommand Command, TaskCompletionSource<bool> Done)> _commands = new();
    private readonly Queue<Generation> _waiting = new();
    private readonly List<Sequence> _running = [];
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private long _promisedPages;
    private int _nextRows;
    private int _unfinished; // submitted and not yet retired
    private volatile bool _stopping;

    public InferenceEngine(IDecoder decoder, EngineModel model, EngineOptions options, ILogger logger)
    {
        _decoder = decoder;
        _model = model;
        _options = options;
        _logger = logger;
        _ledger = new KvLedger(decoder.Geometry, decoder.PageCount);
        _thread = new Thread(Loop) { IsBackground = true, Name = "inference engine" };
        _thread.Start();
    }

    /// <summary>Null while the engine can prove its own consistency; otherwise what broke. An unhealthy engine takes no requests.</summary>
    public string? Unhealthy { get; private set; }

    /// <summary>Requests submitted and not finished.</summary>
    public int Unfinished => Volatile.Read(ref _unfinished);

    /// <summary>Positions of KV the arena holds when every layer is used.</summary>
    public long KvCapacityTokens => (long)_ledger.PageCount / _ledger.Geometry.LayerGroups * _ledger.Geometry.PageTokens;

    /// <summary>Pages in use; 0 when nothing runs.</summary>
    public int UsedPages => _ledger.UsedPages;

    /// <summary>Queues a request that was validated for this model.</summary>
    /// <exception cref="EngineBusyException">The queue is full.</exception>
    /// <exception cref="ArgumentException">The request can never fit into this engine's KV memory.</exception>
    public Generation Submit(GenerationRequest request)
    {
        if (Unhealthy is { } reason) throw new InvalidOperationException($"The engine is unhealthy: {reason}");
        ObjectDisposedException.ThrowIf(_stopping, this);
        if (Interlocked.Increment(ref _unfinished) > _options.MaxRunning + _options.MaxWaiting)
        {
            Interlocked.Decrement(ref _unfinished);
            throw new EngineBusyException($"{_options.MaxWaiting} requests are waiting already; try again later.");
        }

        var generation = new Generation(this, request);
        _submitted.Enqueue(generation);
        Wake();
        return generation;
    }

    public void Dispose()
    {
        if (_stopping) return;
        _stopping = true;
        Wake();
        _thread.Join();
        _wake.Dispose();
        _decoder.Dispose();
    }

    internal void Wake()
    {
        if (!_stopping || _thread.IsAlive) _wake.Set();
    }

    internal Task<bool> SendAsync(Generation generation, ProgramCommand command)
    {
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        _commands.Enqueue((generation, command, done));
        Wake();
        return done.Task;
    }

    private void Loop()
    {
        while (!_stopping)
        {
            try
            {
                if (!Step()) _wake.WaitOne();
            }
#pragma warning disable CA1031 // The loop must not die silently: whatever got here is beyond a single sequence.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                _logger.LogCritical(exception, "The engine loop failed; the engine takes no more requests.");
                Unhealthy = exception.Message;
                FailAll("The engine failed; see the server's log.");
            }
        }

        FailAll("The server is shutting down.");
    }

    /// <summary>One turn; false when there is nothing to do.</summary>
    private bool Step()
    {
        while (_submitted.TryDequeue(out var generation)) _waiting.Enqueue(generation);
        ApplyCommands();
        DropCancelled();
        Admit();
        if (_running.Count == 0)
        {
            CheckIdle();
            return false;
        }

        var planned = Plan();
        if (planned.Count > 0) Run(planned);
        Retire();
        return true;
    }

    private void ApplyCommands()
    {
        while (_commands.TryDequeue(out var entry))
        {
            var sequence = _running.Find(running => running.Generation == entry.Generation);
            var applied = false;
            if (sequence is not null) Guard(sequence, () => applied = sequence.Program.Command(entry.Command, sequence.Assembler));
            entry.Done.SetResult(applied);
        }
    }

    private void DropCancelled()
    {
        for (var i = _running.Count - 1; i >= 0; i--)
        {
            if (_running[i].Generation.IsCancelled) Remove(_running[i], sequence => sequence.Finish(FinishReason.Cancelled));
        }

        for (var count = _waiting.Count; count > 0; count--)
        {
            var generation = _waiting.Dequeue();
            if (!generation.IsCancelled) _waiting.Enqueue(generation);
            else RefuseWaiting(generation, new GenerationEvent.Finished(FinishReason.Cancelled, new(generation.Request.Prompt.Count, 0, 0), null, null));
        }
    }

    // First come, first served: a request waits until the pages it may need at most are not promised to others.
    private void Admit()
    {
        while (_running.Count < _options.MaxRunning && _waiting.TryPeek(out var generation))
        {
            var memory = new SequenceMemory(_ledger, _decoder, () => _nextRows++);
            Sequence sequence;
            try
            {
                sequence = new Sequence(generation, _model, memory);
            }
#pragma warning disable CA1031 // A program that cannot be built touches its own request alone.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                _logger.LogError(exception, "A request could not be started.");
                memory.Dispose();
                _waiting.Dequeue();
                RefuseWaiting(generation, new GenerationEvent.Failed("The request could not be started."));
                continue;
            }

            sequence.PromisedPages = _ledger.PagesFor(sequence.Program.Tables, sequence.Program.MaxPositions);
            if (_promisedPages + sequence.PromisedPages > _ledger.PageCount)
            {
                sequence.Dispose();
                if (_running.Count > 0) return;
                _waiting.Dequeue();
                RefuseWaiting(generation, new GenerationEvent.Failed(
                    $"The request needs KV for {sequence.Program.MaxPositions} tokens; the server has room for {KvCapacityTokens}. Ask for fewer tokens."));
                continue;
            }

            _waiting.Dequeue();
            _promisedPages += sequence.PromisedPages;
            _running.Add(sequence);
        }
    }

    private List<(Sequence Sequence, SequencePlan Plan)> Plan()
    {
        var planned = new List<(Sequence, SequencePlan)>(_running.Count);
        var rows = _options.StepRows;
        for (var i = 0; i < _running.Count; i++)
        {
            var sequence = _running[i];
            var plan = new SequencePlan();
            // An equal share of what is left: decoding rows take one each, a prompt takes what they leave.
            var budget = Math.Max(1, rows / (_running.Count - i));
            if (!Guard(sequence, () => PlanAndReserve(sequence, plan, budget))) continue;
            rows = Math.Max(0, rows - plan.RowCount);
            planned.Add((sequence, plan));
        }

        return planned;
    }

    private void PlanAndReserve(Sequence sequence, SequencePlan plan, int budget)
    {
        sequence.Program.Plan(plan, budget);
        foreach (var op in plan.Ops)
        {
            if (op is RowGroup group && !_ledger.TryReserve(group.Kv, group.Range, group.Start + group.Count))
                throw new InvalidOperationException($"KV of {_ledger.PageCount} pages is exhausted although it was promised.");
        }
    }

    private void Run(List<(Sequence Sequence, SequencePlan Plan)> planned)
    {
        StepResult result;
        try
        {
            result = _decoder.Run(new StepBatch([.. planned.SelectMany(entry => entry.Plan.Ops)]));
        }
#pragma warning disable CA1031 // Steps leave nothing behind, so each sequence is tried alone: only the guilty one fails.
        catch (Exception exception) when (planned.Count > 1)
#pragma warning restore CA1031
        {
            _logger.LogWarning(exception, "A step of {Count} sequences failed; running each alone.", planned.Count);
            foreach (var entry in planned) Run([entry]);
            return;
        }
#pragma warning disable CA1031
        catch (Exception exception)
#pragma warning restore CA1031
        {
            FailSequence(planned[0].Sequence, exception);
            return;
        }

        var heads = result.Heads.ToArray();
        var next = 0;
        foreach (var (sequence, plan) in planned)
        {
            var own = heads.AsMemory(next, plan.HeadCount);
            next += plan.HeadCount;
            Guard(sequence, () => Accept(sequence, plan, own.Span));
        }
    }

    private static void Accept(Sequence sequence, SequencePlan plan, ReadOnlySpan<HeadResult> heads)
    {
        foreach (var head in heads)
        {
            if (!head.Finite) throw new InvalidOperationException("The model produced numbers that are not finite.");
        }

        sequence.Program.Accept(plan, heads, sequence.Assembler);
    }

    private void Retire()
    {
        for (var i = _running.Count - 1; i >= 0; i--)
        {
            if (_running[i].IsDone) Remove(_running[i], sequence => sequence.Finish(sequence.Program.Finish ?? FinishReason.Stop));
        }
    }

    /// <summary>Runs something that concerns one sequence; if it throws, that sequence fails and no other.</summary>
    private bool Guard(Sequence sequence, Action action)
    {
        try
        {
            action();
            return true;
        }
#pragma warning disable CA1031
        catch (Exception exception)
#pragma warning restore CA1031
        {
            FailSequence(sequence, exception);
            return false;
        }
    }

    private void FailSequence(Sequence sequence, Exception exception)
    {
        _logger.LogError(exception, "A sequence failed.");
        Remove(sequence, failed => failed.Fail("The generation failed; see the server's log."));
    }

    private void Remove(Sequence sequence, Action<Sequence> tell)
    {
        if (!_running.Remove(sequence)) return;
        sequence.Dispose();
        _promisedPages -= sequence.PromisedPages;
        Interlocked.Decrement(ref _unfinished);
        tell(sequence);
    }

    private void RefuseWaiting(Generation generation, GenerationEvent last)
    {
        Interlocked.Decrement(ref _unfinished);
        generation.Publish(last);
        generation.Complete();
    }

    private void FailAll(string message)
    {
        while (_running.Count > 0) Remove(_running[^1], sequence => sequence.Fail(message));
        while (_submitted.TryDequeue(out var generation)) _waiting.Enqueue(generation);
        while (_waiting.TryDequeue(out var generation)) RefuseWaiting(generation, new GenerationEvent.Failed(message));
        while (_commands.TryDequeue(out var entry)) entry.Done.SetResult(false);
    }

    private void CheckIdle()
    {
        var problem = _ledger.CheckIntegrity();
        if (problem is null && _ledger.UsedPages > 0) problem = $"{_ledger.UsedPages} KV pages are in use although nothing runs.";
        if (problem is null || Unhealthy is not null) return;
        _logger.LogCritical("The KV ledger is inconsistent: {Problem}", problem);
        Unhealthy = problem;
    }
}
