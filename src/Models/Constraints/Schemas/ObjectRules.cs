using InferenceServer.Models.Constraints.Automata;
using InferenceServer.Models.Constraints.Grammars;
using InferenceServer.Models.Constraints.Regex;

namespace InferenceServer.Models.Constraints.Schemas;

/// <summary>
/// Objects that satisfy several schemas: members that are named come first, in the order of their schemas; then, where it is
/// allowed, others. Where members are named and nothing is said of others, none are written.
/// </summary>
internal sealed class ObjectRules(SchemaCompiler compiler)
{
    private static readonly Terminal CloseEmpty = Literals.Text("}", new CompileBudget(ConstraintLimits.Default));

    private readonly Dictionary<(string Name, bool First), Terminal> _keys = [];

    public void Write(int rule, IReadOnlyCollection<Schema> all)
    {
        var members = all.Select(schema => new MemberSchemas(compiler.Document, schema, compiler.Validator)).ToList();
        if (Named(members) is not { } named) return;
        var others = Others(members);
        var limit = compiler.Budget.Limits.Items;
        var min = all.Max(schema => schema.Count("minProperties") ?? 0);
        var max = all.Select(schema => schema.Count("maxProperties")).Min();
        if (min > max) return;
        if (others.Count > 0 && min > named.Count(member => member.Required))
            throw ConstraintException.Unsupported("'minProperties' cannot be enforced for an object whose members are not all named.");
        if (Math.Max(min, max ?? 0) > limit) throw ConstraintException.TooComplex($"An object may be bounded by {limit} members at most.");
        new Writer(compiler, this, named, others, min, max).Write(rule);
    }

    /// <summary>Members with names, in order; null where one is required that cannot be.</summary>
    private List<Member>? Named(List<MemberSchemas> members)
    {
        var required = members.SelectMany(member => member.Required).ToHashSet(StringComparer.Ordinal);
        var named = new List<Member>();
        foreach (var name in members.SelectMany(member => member.Names).Concat(members.SelectMany(member => member.Required)).Distinct(StringComparer.Ordinal))
        {
            var schemas = members.SelectMany(member => member.Of(name)).ToList();
            var possible = members.TrueForAll(member => member.AcceptsName(name)) && !schemas.Exists(schema => schema.IsFalse);
            if (possible) named.Add(new Member(name, required.Contains(name), compiler.All(schemas)));
            else if (required.Contains(name)) return null;
        }

        return named;
    }

    /// <summary>Names that may be made up, and what their values are.</summary>
    private List<(Terminal Key, Symbol Value)> Others(List<MemberSchemas> members)
    {
        var names = members.SelectMany(member => member.Names).Concat(members.SelectMany(member => member.Required)).Distinct(StringComparer.Ordinal).ToList();
        var patterns = members.SelectMany(member => member.Patterns).Select(pattern => pattern.Pattern).Distinct(StringComparer.Ordinal).ToList();
        var others = new List<(Terminal, Symbol)>();
        var allowed = members.Where(member => member.NameSchema is not null).Select(member => NameLanguage(member.NameSchema!)).Aggregate((CharDfa?)null, Both);
        var taken = compiler.Strings.Words(names);
        CharDfa Free(CharDfa keys) => compiler.Strings.Except(allowed is null ? keys : compiler.Strings.Intersect(keys, allowed), taken);

        var unmatched = CharDfa.All;
        foreach (var pattern in patterns)
        {
            var language = compiler.Validator.Pattern(pattern);
            if (patterns.Any(other => other != pattern && !Free(compiler.Strings.Intersect(language, compiler.Validator.Pattern(other))).IsEmpty))
                throw ConstraintException.Unsupported("'patternProperties' that match the same names cannot be enforced.");
            unmatched = compiler.Strings.Except(unmatched, language);
            Add(Free(language), members.Select(member => Matching(member, pattern)));
        }

        if (members.Exists(member => member.Additional is { IsFalse: true })) return others;
        if (members.Exists(member => member.Additional is not null) || !members.Exists(member => member.NamesMembers))
        {
            if (names.Count == 0 && patterns.Count == 0 && allowed is null) others.Add((StringTerminal.Any, compiler.All(members.Select(member => member.Additional).OfType<Schema>())));
            else Add(Free(unmatched), members.Select(member => member.Additional));
        }

        return others;

        void Add(CharDfa keys, IEnumerable<Schema?> schemas)
        {
            if (!keys.IsEmpty) others.Add((Utf8Expander.Json(keys, compiler.Budget), compiler.All(schemas.OfType<Schema>())));
        }

        CharDfa? Both(CharDfa? left, CharDfa right) => left is null ? right : compiler.Strings.Intersect(left, right);

        static Schema? Matching(MemberSchemas member, string pattern) =>
            member.Patterns.FirstOrDefault(own => own.Pattern == pattern).Schema ?? member.Additional;
    }

    private CharDfa NameLanguage(Schema names)
    {
        var all = Conjunction.Of(compiler.Document, [names]);
        if (all.IsImpossible) return compiler.Strings.Words([]);
        if (all.Choices.Count > 0 || all.Schemas.Any(schema => schema.Values is not null))
            throw ConstraintException.Unsupported("'propertyNames' may only have 'pattern', 'format', 'minLength' and 'maxLength'.");
        var (min, max) = StringTerminals.Lengths([.. all.Schemas, names]);
        return StringTerminals.Language(all.Schemas, compiler.Strings, compiler.Validator) ?? compiler.Strings.Length(min, max);
    }

    // A name with what stands around it.
    private Terminal Key(string name, bool first)
    {
        if (_keys.TryGetValue((name, first), out var known)) return known;
        var text = RegexNode.Join(RegexNode.Text(JsonText.Quote(name) + ":"), Literals.Space);
        if (!first) text = RegexNode.Join(RegexNode.Text(","), Literals.Space, text);
        return _keys[(name, first)] = Utf8Expander.Text(compiler.Strings.Of(text), compiler.Budget);
    }

    private sealed record Member(string Name, bool Required, Symbol Value);

    /// <summary>Writes one object's rules: how many named members are behind, how many were written.</summary>
    private sealed class Writer(SchemaCompiler compiler, ObjectRules rules, List<Member> named, List<(Terminal Key, Symbol Value)> others, int min, int? max)
    {
        private readonly GrammarBuilder _grammar = compiler.Grammar;
        private readonly Dictionary<(int Index, int Count), Symbol> _states = [];
        private readonly Queue<(int Index, int Count, int Rule)> _open = [];

        public void Write(int rule)
        {
            _grammar.Add(rule, Literals.ObjectOpen, At(0, 0));
            while (_open.TryDequeue(out var next))
            {
                if (next.Index < named.Count) WriteNamed(next.Index, next.Count, next.Rule);
                else WriteRest(next.Count, next.Rule);
            }
        }

        private void WriteNamed(int index, int count, int rule)
        {
            var member = named[index];
            if (!(count >= max)) _grammar.Add(rule, rules.Key(member.Name, count == 0), member.Value, At(index + 1, count + 1));
            if (!member.Required) _grammar.Add(rule, At(index + 1, count));
        }

        private void WriteRest(int count, int rule)
        {
            if (count >= min) _grammar.Add(rule, count == 0 ? CloseEmpty : Literals.ObjectClose);
            if (count >= max) return;
            foreach (var (key, value) in others)
            {
                if (count == 0) _grammar.Add(rule, key, Literals.Colon, value, At(named.Count, 1));
                else _grammar.Add(rule, Literals.Comma, key, Literals.Colon, value, At(named.Count, count + 1));
            }
        }

        // Counted only as far as it matters; whether there is a member yet always does.
        private Symbol At(int index, int count)
        {
            count = Math.Min(count, max ?? Math.Max(min, 1));
            if (_states.TryGetValue((index, count), out var known)) return known;
            var rule = _grammar.NewRule();
            _open.Enqueue((index, count, rule));
            return _states[(index, count)] = Symbol.Of(rule);
        }
    }
}
