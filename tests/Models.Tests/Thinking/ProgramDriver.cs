using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>
/// Runs programs step by step on a decoder without threads: any row budget, steps that are planned or even run and then
/// thrown away, and evictions wherever a test likes.
/// </summary>
internal sealed class ProgramDriver(IDecoder decoder, int? pages = null)
{
    private int _rows;

    public IDecoder Decoder => decoder;

    public KvLedger Ledger { get; } = new(decoder.Geometry, pages ?? decoder.PageCount);

    public ProgramRun Start(TinySetup setup, GenerationRequest request, Func<IDetokenizer>? detokenizer = null)
    {
        var memory = new DriverMemory(Ledger, decoder, () => _rows++);
        var context = new ProgramContext(setup.Spec, setup.Thinking, setup.EndOfSequence, memory, detokenizer ?? (() => new LetterDetokenizer()))
        {
            Adapters = setup.Adapters,
        };
        return new ProgramRun(Programs.Create(request, context), memory);
    }

    /// <summary>Plans one sequence and gives it the pages it asks for.</summary>
    public SequencePlan Plan(ProgramRun run, int budget)
    {
        var plan = new SequencePlan { Adapter = run.Program.Adapter };
        run.Program.Plan(plan, budget);
        Assert.NotEmpty(plan.Ops);
        foreach (var group in plan.Ops.OfType<RowGroup>())
            Assert.True(Ledger.TryReserve(group.Kv, group.Range, group.Start + group.Count), "The driver's arena is full.");
        return plan;
    }

    /// <summary>One step of one sequence.</summary>
    public void Step(ProgramRun run, int budget = int.MaxValue) => Step([(run, budget)]);

    /// <summary>One step of several sequences, merged into one batch.</summary>
    public void Step(IReadOnlyList<(ProgramRun Run, int Budget)> runs)
    {
        var planned = runs.Select(entry => (entry.Run, Plan: Plan(entry.Run, entry.Budget))).ToList();
        var heads = decoder.Run(new StepBatch([.. planned.SelectMany(entry => entry.Plan.Ops)])).Heads.ToArray();
        var next = 0;
        foreach (var (run, plan) in planned)
        {
            run.Program.Accept(plan, heads.AsSpan(next, plan.HeadCount), run.Sink);
            next += plan.HeadCount;
            run.Steps++;
        }
    }

    /// <summary>A step whose result nobody accepts.</summary>
    public void RunAndForget(ProgramRun run, int budget) => decoder.Run(new StepBatch(Plan(run, budget).Ops));

    public ProgramRun Finish(ProgramRun run, int budget = int.MaxValue)
    {
        while (run.Program.Finish is null) Step(run, budget);
        return run;
    }

    /// <summary>A whole generation from nothing, alone.</summary>
    public ProgramRun Generate(TinySetup setup, GenerationRequest request, int budget = int.MaxValue, Func<IDetokenizer>? detokenizer = null)
    {
        var run = Finish(Start(setup, request, detokenizer), budget);
        run.Memory.Free();
        return run;
    }
}

/// <summary>One sequence under a <see cref="ProgramDriver"/>.</summary>
internal sealed class ProgramRun(ThinkingProgram program, DriverMemory memory)
{
    public ThinkingProgram Program => program;

    public DriverMemory Memory => memory;

    public SinkRecord Sink { get; } = new();

    public int Steps { get; set; }

    public bool Done => program.Finish is not null;

    /// <summary>Takes KV and kept rows away, as a host does that needs the memory for another sequence.</summary>
    public void Evict()
    {
        memory.Evict();
        program.Evicted();
    }

    public bool Command(ProgramCommand command) => program.Command(command, Sink);
}

/// <summary>Memory of one sequence on a ledger.</summary>
internal sealed class DriverMemory(KvLedger ledger, IDecoder decoder, Func<int> nextRows) : ISequenceMemory
{
    private readonly List<Rows> _rows = [];

    public List<KvTable> Tables { get; } = [];

    public KvTable CreateTable()
    {
        Tables.Add(ledger.CreateTable());
        return Tables[^1];
    }

    public Rows CreateRows()
    {
        _rows.Add(new Rows(nextRows()));
        return _rows[^1];
    }

    public void Release(Rows rows, int below = int.MaxValue) => decoder.Release(rows, below);

    public void Truncate(KvTable table, int length) => ledger.Truncate(table, length);

    public void Evict()
    {
        foreach (var table in Tables) ledger.Truncate(table, 0);
        foreach (var rows in _rows) decoder.Release(rows);
    }

    public void Free()
    {
        Evict();
        foreach (var table in Tables) ledger.Free(table);
    }
}
