using System.Diagnostics;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Thinking;
using Microsoft.Extensions.Logging;

namespace InferenceServer.Models.Engine;

/// <summary>
/// One step as a transaction: plan (pure), reserve memory, run, accept. Whatever goes wrong touches the sequence it
/// belongs to; nothing moves before accept.
/// </summary>
internal sealed class StepRunner(IDecoder decoder, EngineOptions options, EngineMetrics metrics, EngineTrace? trace, ILogger logger)
{
    private readonly List<Work> _work = [];
    private readonly int[] _rowsByKind = new int[Enum.GetValues<RowKind>().Length];
    private int[] _pending = [];
    private int[] _spare = [];
    private int[] _granted = [];
    private int[] _grantedSpare = [];

    /// <summary>Runs one step of the sequences, given in order of service.</summary>
    /// <param name="preempt">Takes the memory of a running sequence; it leaves the list.</param>
    /// <param name="fail">Ends a sequence that broke; it leaves the list.</param>
    public void Run(List<Sequence> running, Action<Sequence> preempt, Action<Sequence, Exception> fail)
    {
        var start = Stopwatch.GetTimestamp();
        Plan(running, preempt, fail);
        if (_work.Count == 0) return;

        var planned = Stopwatch.GetTimestamp();
        var results = Decode(fail);
        var ran = Stopwatch.GetTimestamp();
        foreach (var (work, heads) in results) Guard(work.Sequence, fail, () => Accept(work, heads.Span));
        Record(start, planned, ran, Stopwatch.GetTimestamp());
    }

    private void Plan(List<Sequence> running, Action<Sequence> preempt, Action<Sequence, Exception> fail)
    {
        _work.Clear();
        Share(running);
        for (int i = 0, next = 0; next < running.Count; i++)
        {
            var sequence = running[next];
            var plan = new SequencePlan { Adapter = sequence.Program.Adapter };
            if (_granted[i] > 0 && Guard(sequence, fail, () => PlanAndReserve(sequence, plan, (_granted[i], _grantedSpare[i]), running, preempt)) && plan.Ops.Count > 0)
                _work.Add(new Work(sequence, plan));

            // The sequence may have left (failed, or gave its memory back), and younger ones with it.
            if (next < running.Count && running[next] == sequence) next++;
        }
    }

    private void Share(List<Sequence> running)
    {
        var count = running.Count;
        if (_pending.Length < count)
            (_pending, _spare, _granted, _grantedSpare) = (new int[count * 2], new int[count * 2], new int[count * 2], new int[count * 2]);
        foreach (var sequence in running) sequence.Outgrow();
        for (var i = 0; i < count; i++)
        {
            _pending[i] = running[i].Program.PendingRows;
            _spare[i] = running[i].Program.SpareRows;
        }

        Scheduler.Share(
            options.StepRows, _pending.AsSpan(0, count), _spare.AsSpan(0, count), _granted.AsSpan(0, count), _grantedSpare.AsSpan(0, count));
    }

    // When memory lacks, the last in order gives its own back, so that the first always gets through.
    private static void PlanAndReserve(
        Sequence sequence, SequencePlan plan, (int Rows, int Spare) granted, List<Sequence> running, Action<Sequence> preempt)
    {
        sequence.Program.Plan(plan, granted.Rows);
        while (!sequence.TryReserve(plan))
        {
            if (running.Count == 1) throw new InvalidOperationException("KV memory is exhausted by a single sequence.");
            var last = running[^1];
            preempt(last);
            if (last != sequence) continue;
            plan.Clear();
            return;
        }

        if (granted.Spare == 0) return;
        var besides = new SequencePlan { Adapter = sequence.Program.Adapter };
        sequence.Program.PlanSpare(besides, granted.Spare);
        if (sequence.TryReserve(besides)) plan.Add(besides);
    }

    private List<(Work Work, ReadOnlyMemory<HeadResult> Heads)> Decode(Action<Sequence, Exception> fail)
    {
        var results = new List<(Work, ReadOnlyMemory<HeadResult>)>(_work.Count);
        try
        {
            var result = decoder.Run(new StepBatch([.. _work.SelectMany(work => work.Plan.Ops)]));
            var heads = result.Heads.ToArray();
            var next = 0;
            foreach (var work in _work)
            {
                results.Add((work, heads.AsMemory(next, work.Plan.HeadCount)));
                next += work.Plan.HeadCount;
            }
        }
#pragma warning disable CA1031 // Steps leave nothing behind, so each sequence is tried alone: only the guilty one fails.
        catch (Exception exception)
        {
            if (_work.Count > 1) logger.LogWarning(exception, "A step of {Count} sequences failed; running each alone.", _work.Count);
            results.Clear();
            foreach (var work in _work.ToArray())
            {
                Guard(work.Sequence, fail, () =>
                {
                    if (_work.Count == 1) throw new InvalidOperationException("The step failed.", exception);
                    results.Add((work, decoder.Run(new StepBatch(work.Plan.Ops)).Heads.ToArray()));
                });
            }
        }
#pragma warning restore CA1031

        return results;
    }

    private static void Accept(Work work, ReadOnlySpan<HeadResult> heads)
    {
        foreach (var head in heads)
        {
            if (!head.Finite) throw new InvalidOperationException("The model produced numbers that are not finite.");
        }

        work.Sequence.Program.Accept(work.Plan, heads, work.Sequence.Assembler);
        work.Sequence.SharePrefix();
    }

    private void Record(long start, long planned, long ran, long accepted)
    {
        Array.Clear(_rowsByKind);
        foreach (var work in _work)
        {
            for (var kind = 0; kind < _rowsByKind.Length; kind++) _rowsByKind[kind] += work.Plan.RowsByKind[kind];
        }

        metrics.Step(_rowsByKind, Stopwatch.GetElapsedTime(start, planned), Stopwatch.GetElapsedTime(planned, ran), Stopwatch.GetElapsedTime(ran, accepted));
        if (trace is null) return;
        trace.Phase("plan", start, planned);
        trace.Phase("run", planned, ran);
        trace.Phase("accept", ran, accepted);
        foreach (var work in _work) trace.Rows(work.Sequence.Lane, work.Plan, planned, ran);
    }

    /// <summary>Runs something that concerns one sequence; if it throws, that sequence fails and no other.</summary>
    private static bool Guard(Sequence sequence, Action<Sequence, Exception> fail, Action action)
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
            fail(sequence, exception);
            return false;
        }
    }

    private readonly record struct Work(Sequence Sequence, SequencePlan Plan);
}
