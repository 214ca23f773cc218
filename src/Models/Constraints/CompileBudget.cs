using System.Diagnostics;

namespace InferenceServer.Models.Constraints;

/// <summary>Counts what compiling a constraint has cost so far, and ends it when that is too much.</summary>
internal sealed class CompileBudget(ConstraintLimits limits)
{
    private const int Stride = 256;

    private readonly long _started = Stopwatch.GetTimestamp();
    private int _states;
    private int _edges;
    private int _symbols;
    private int _schemas;
    private int _ticks;

    public ConstraintLimits Limits => limits;

    public void State(int count = 1) => Charge(ref _states, count, limits.States, "automaton states");

    public void Edge(int count = 1) => Charge(ref _edges, count, limits.Edges, "steps of work");

    public void Symbol(int count = 1) => Charge(ref _symbols, count, limits.Symbols, "grammar symbols");

    public void Schema() => Charge(ref _schemas, 1, limits.Schemas, "subschemas");

    private void Charge(ref int used, int count, int limit, string what)
    {
        if (count > limit - used) throw ConstraintException.TooComplex($"It needs more than {limit} {what}; make it smaller or less repetitive.");
        used += count;
        if ((_ticks += count) < Stride) return;
        _ticks = 0;
        if (Stopwatch.GetElapsedTime(_started) > limits.Time)
            throw ConstraintException.TooComplex($"Compiling it takes more than {limits.Time.TotalSeconds} seconds; make it smaller or less repetitive.");
    }
}
