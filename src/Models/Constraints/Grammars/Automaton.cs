using InferenceServer.Models.Constraints.Automata;

namespace InferenceServer.Models.Constraints.Grammars;

/// <summary>
/// Follows texts through a grammar, byte by byte: a pushdown automaton that is in several places at once where the grammar
/// leaves it open. Stacks and configurations are shared and remembered, up to a bound. Not safe for concurrent use.
/// </summary>
internal sealed class Automaton
{
    private const int MaxRemembered = 10_000;
    private const int MaxTables = 2_000;

    private readonly Grammar _grammar;
    private readonly int _maxPlaces;
    private readonly Dictionary<(int Position, int Next), Rest> _rests = [];
    private readonly Dictionary<ConfigurationKey, Configuration> _configurations = [];
    private readonly Dictionary<int, Configuration> _entered = [];
    private readonly List<Place> _places = [];
    private readonly HashSet<int> _opened = [];
    private int _ids;
    private int _tables;
    private bool _complete;

    public Automaton(Grammar grammar, int maxPlaces)
    {
        (_grammar, _maxPlaces) = (grammar, maxPlaces);
        Begin = Enter(RestAt(grammar.Begin, null));
    }

    /// <summary>Stands for no configuration in remembered steps.</summary>
    public static Configuration Nowhere { get; } = new([], false);

    /// <summary>Before any text.</summary>
    public Configuration Begin { get; }

    /// <summary>The configuration from which a rest is to be written.</summary>
    public Configuration Enter(Rest? rest)
    {
        var id = rest?.Id ?? -1;
        if (_entered.TryGetValue(id, out var known)) return known;
        Clear();
        Open(rest);
        var found = Collect() ?? Nowhere;
        if (_entered.Count >= MaxRemembered) _entered.Clear();
        return _entered[id] = found;
    }

    /// <summary>Where a byte leads, or <see cref="Nowhere"/>.</summary>
    public Configuration Step(Configuration from, byte value)
    {
        Clear();
        foreach (var place in from.Places)
        {
            var state = place.Terminal.Next(place.State, value);
            if (state == Terminal.Dead) continue;
            if (place.Terminal.Continues(state)) AddPlace(new Place(place.Terminal, state, place.Rest));
            if (place.Terminal.Accepts(state)) Open(place.Rest);
        }

        return Collect() ?? Nowhere;
    }

    /// <summary>A configuration took a table of its own. Too many are all given up; texts under way keep theirs.</summary>
    public void Grew()
    {
        if (++_tables < MaxTables) return;
        _tables = 0;
        foreach (var configuration in _configurations.Values) configuration.Forget();
        ForgetAll();
    }

    private void Clear()
    {
        _places.Clear();
        _opened.Clear();
        _complete = false;
    }

    // Down to the terminals that may come next.
    private void Open(Rest? rest)
    {
        var open = new Stack<Rest?>();
        open.Push(rest);
        while (open.TryPop(out var at))
        {
            if (at is null)
            {
                _complete = true;
                continue;
            }

            if (!_opened.Add(at.Id)) continue;
            if (_grammar.Symbols[at.Position] is not { } symbol)
            {
                open.Push(at.Next);
                continue;
            }

            // The last symbol of a rule leaves nothing on the stack: lists do not pile up.
            var after = _grammar.Symbols[at.Position + 1] is null ? at.Next : RestAt(at.Position + 1, at.Next);
            if (symbol.Terminal is { } terminal)
            {
                if (terminal.Continues(terminal.Start)) AddPlace(new Place(terminal, terminal.Start, after ?? RestAt(_grammar.Begin + 1, null)));
                if (terminal.Accepts(terminal.Start)) open.Push(after);
                continue;
            }

            foreach (var start in _grammar.Starts[symbol.Rule]) open.Push(RestAt(start, after));
        }
    }

    private void AddPlace(Place place)
    {
        if (_places.Count >= _maxPlaces) throw ConstraintException.TooComplex($"It leaves more than {_maxPlaces} ways open at once.");
        _places.Add(place);
    }

    private Rest RestAt(int position, Rest? next)
    {
        var key = (position, next?.Id ?? -1);
        if (_rests.TryGetValue(key, out var known)) return known;
        if (_rests.Count >= MaxRemembered * 4) ForgetAll();
        return _rests[key] = new Rest(_ids++, position, next);
    }

    private Configuration? Collect()
    {
        if (_places.Count == 0 && !_complete) return null;
        var places = _places.Distinct().ToArray();
        Array.Sort(places, static (left, right) =>
        {
            var byRest = left.Rest.Id.CompareTo(right.Rest.Id);
            return byRest != 0 ? byRest : left.State.CompareTo(right.State);
        });
        var key = new ConfigurationKey(places, _complete);
        if (_configurations.TryGetValue(key, out var known)) return known;
        if (_configurations.Count >= MaxRemembered) ForgetAll();
        return _configurations[key] = new Configuration(places, _complete);
    }

    private void ForgetAll()
    {
        _rests.Clear();
        _configurations.Clear();
        _entered.Clear();
    }

    private readonly record struct ConfigurationKey(Place[] Places, bool IsComplete)
    {
        public bool Equals(ConfigurationKey other) => IsComplete == other.IsComplete && Places.AsSpan().SequenceEqual(other.Places);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(IsComplete);
            foreach (var place in Places)
            {
                hash.Add(place.Rest.Id);
                hash.Add(place.State);
            }

            return hash.ToHashCode();
        }
    }
}
