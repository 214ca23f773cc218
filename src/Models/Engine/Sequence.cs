using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Engine;

/// <summary>One generation inside the engine: its program, its memory, and the way its tokens take to the client.</summary>
internal sealed class Sequence : IComparable<Sequence>, IDisposable
{
    private readonly long _arrival;
    private readonly SequenceMemory _memory;
    private readonly KvLedger _ledger;
    private readonly string _salt;
    private bool _shares;
    private int? _cached; // prompt tokens found when it was first admitted

    public Sequence(Generation generation, SequenceMemory memory, KvLedger ledger, long arrival)
    {
        var model = generation.Model;
        _ledger = ledger;
        // An adapter changes what a token leaves in the cache. Whatever else the method is, a prefix is causal KV.
        _salt = $"{model.Adapters.Causal}/{generation.Request.CacheSalt}";
        Generation = generation;
        _memory = memory;
        _arrival = arrival;
        Assembler = new TokenAssembler(generation.Request, model.CreateDetokenizer, generation.Publish);
        Program = Programs.Create(
            generation.Request,
            new ProgramContext(model.Spec, model.Thinking, model.EndOfSequence, memory, model.CreateDetokenizer) { Adapters = model.Adapters });
    }

    public Generation Generation { get; }

    public ThinkingProgram Program { get; }

    public TokenAssembler Assembler { get; }

    /// <summary>Its line in a trace.</summary>
    public int Lane => (int)(_arrival % int.MaxValue);

    /// <summary>When it was first admitted, in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public long? Started { get; set; }

    /// <summary>Why it is done: a stop string counts before the token limit it may coincide with.</summary>
    public FinishReason Reason => Assembler.StopString is not null ? FinishReason.Stop : Program.Finish ?? FinishReason.Stop;

    public bool IsDone => Program.Finish is not null || Assembler.StopString is not null;

    public bool TryReserve(SequencePlan plan) => _memory.TryReserve(plan);

    /// <summary>
    /// A sequence that has grown beyond the model's original context (LongRoPE) gives its memory back and runs its tokens
    /// again as a long one, before the row that makes it so.
    /// </summary>
    public void Outgrow()
    {
        if (!_memory.IsOutgrownBy(Program.PendingPositions)) return;
        Evict();
        _memory.BecomeLong();
    }

    /// <summary>
    /// Takes what KV the cache and the running sequences have of its tokens; returns how many tokens were looked up and found.
    /// </summary>
    public (int Queried, int Hit) AttachPrefix(IReadOnlyList<Sequence> running)
    {
        _shares = true;
        if (Program.Prefix is not { } prefix) return (0, 0);
        var length = _ledger.Attach(prefix.Table, SaltOf(prefix), prefix.Tokens, Program.MostShared);
        var (donor, alike) = SharedPrompts.BestDonor(this, running, length);
        if (donor is not null) _memory.TryCopyBlock(prefix.Table, donor.Table, Math.Min(alike, length + _ledger.Geometry.PageTokens));
        Program.Attached();
        var held = SharedPrompts.Held(prefix, _ledger.Geometry);
        _cached ??= Math.Min(held, Generation.Request.Prompt.Count - 1); // the last token is read again
        return (prefix.Tokens.Count, held);
    }

    /// <summary>Whether a running sequence is reading what this one would otherwise read a second time.</summary>
    public bool ShouldAwait(IReadOnlyList<Sequence> running) => SharedPrompts.ShouldAwait(this, running, _ledger);

    /// <summary>Lets others share the blocks that are complete by now.</summary>
    public void SharePrefix()
    {
        if (_shares && Program.Prefix is { } prefix) _ledger.Share(prefix.Table, SaltOf(prefix), prefix.Tokens);
    }

    /// <summary>What a cached block must have been written under: tenant, and what else its KV depends on.</summary>
    public string SaltOf(KvPrefix prefix)
    {
        var salt = prefix.Scope.Length == 0 ? _salt : $"{_salt}\n{prefix.Scope}";
        return prefix.Table.IsLong ? $"long\n{salt}" : salt;
    }

    /// <summary>Gives all memory back; the program rebuilds it when it runs again.</summary>
    public void Evict()
    {
        _memory.Evict();
        Program.Evicted();
    }

    /// <summary>Tells the client that and why the generation ended.</summary>
    public void Finish(FinishReason reason)
    {
        Assembler.Complete();
        Generation.Publish(new GenerationEvent.Finished(reason, Assembler.Usage with { CachedTokens = _cached ?? 0 }, Program.ThoughtClosedBy, Assembler.StopString));
        Generation.Complete();
    }

    /// <summary>Tells the client that the generation broke. Does not throw.</summary>
    public void Fail(GenerationEvent.Failed failure)
    {
        try
        {
            Assembler.Complete();
        }
#pragma warning disable CA1031 // What broke may be the detokenizer itself; the client must hear of it all the same.
        catch (Exception)
#pragma warning restore CA1031
        {
            // The text that was held back is lost with it.
        }

        Generation.Publish(failure);
        Generation.Complete();
    }

    /// <summary>Order of service: priority first, then age.</summary>
    public int CompareTo(Sequence? other)
    {
        if (other is null) return 1;
        var byPriority = Generation.Request.Priority.CompareTo(other.Generation.Request.Priority);
        return byPriority != 0 ? byPriority : _arrival.CompareTo(other._arrival);
    }

    public void Dispose() => _memory.Dispose();
}
