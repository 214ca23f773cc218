using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace InferenceServer.Models.Engine;

/// <content>Who is let in, and who gives its memory back.</content>
public sealed partial class InferenceEngine
{
    private void ReceiveSubmitted()
    {
        while (_submitted.TryDequeue(out var generation)) Receive(generation);
    }

    private void Receive(Generation generation)
    {
        var memory = new SequenceMemory(_ledger, _decoder, () => _nextRows++);
        try
        {
            var sequence = new Sequence(generation, memory, _ledger, _arrivals++);
            var program = sequence.Program;
            var most = _ledger.PagesFor(program.Tables, program.MaxPositions) + ((program.MaxKeptRows + program.ScoredRows) / _decoder.RowsPerPage) + 1;
            if (most <= _ledger.PageCount)
            {
                _waiting.Add(sequence);
                return;
            }

            Refuse(generation, new GenerationEvent.Failed(
                $"The request may need KV for {program.MaxPositions} tokens; the server has room for {KvCapacityTokens}. Ask for fewer tokens."));
        }
#pragma warning disable CA1031 // A program that cannot be built touches its own request alone.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _logger.LogError(exception, "A request could not be started.");
            Refuse(generation, new GenerationEvent.Failed("The request could not be started; see the server's log."));
        }

        memory.Dispose();
    }

    // In order of priority and age; whoever does not fit keeps those behind it waiting, so that nobody starves. Whoever
    // finds its prompt being read by another lets it finish, and others pass.
    private void Admit()
    {
        if (_waiting.Count == 0) return;
        foreach (var sequence in _waiting.ToArray())
        {
            if (_running.Count == _options.MaxRunning) return;
            sequence.Outgrow();
            if (_options.PrefixCache && sequence.ShouldAwait(_running)) continue;

            // Room to run on for everyone: a page per layer group each.
            var headroom = (_running.Count + 1) * _ledger.Geometry.LayerGroups;
            var need = _ledger.PagesFor(sequence.Program.Tables, sequence.Program.PendingPositions);
            if (_running.Count > 0 && need + headroom > _ledger.AvailablePages) return;
            _waiting.Remove(sequence);
            if (sequence.Started is null)
            {
                sequence.Started = Stopwatch.GetTimestamp();
                sequence.Generation.Scheduled();
            }

            _running.Insert(~_running.BinarySearch(sequence), sequence);
            if (_options.PrefixCache) AttachPrefix(sequence);
        }
    }

    private void AttachPrefix(Sequence sequence)
    {
        try
        {
            var (queried, hit) = sequence.AttachPrefix(_running);
            _prefixQueries += queried;
            _prefixHits += hit;
        }
#pragma warning disable CA1031 // A copy that fails ends the sequence it was made for.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Fail(sequence, exception);
        }
    }

    private void Preempt(Sequence sequence)
    {
        _running.Remove(sequence);
        sequence.Evict();
        _waiting.Add(sequence);
        _preemptions++;
    }
}
