namespace InferenceServer.Models.Constraints.Schemas;

/// <summary>
/// Whether no value can satisfy two schemas, as far as that is plain to see: <c>oneOf</c> is only enforced where it means the
/// same as <c>anyOf</c>.
/// </summary>
internal sealed class Disjointness(SchemaDocument document, InstanceValidator validator, CompileBudget budget)
{
    private const int MaxDepth = 6;
    private const int Work = 20;

    /// <exception cref="ConstraintException">Two of the branches may hold at once.</exception>
    public void Require(IReadOnlyList<Schema> branches, Schema of)
    {
        for (var i = 0; i < branches.Count; i++)
        {
            for (var j = i + 1; j < branches.Count; j++)
            {
                if (AreDisjoint(branches[i], branches[j], 0)) continue;
                throw ConstraintException.Unsupported(
                    $"{SchemaDocument.Where(of.Pointer)}: branches {i} and {j} of 'oneOf' may hold at once; give them different types or a required member with different constants, or use 'anyOf'.");
            }
        }
    }

    private bool AreDisjoint(Schema left, Schema right, int depth)
    {
        if (left.IsFalse || right.IsFalse) return true;
        budget.Edge(Work);
        if (depth > MaxDepth) return false;
        var (one, other) = (Conjunction.Of(document, [left]), Conjunction.Of(document, [right]));
        if (one.IsImpossible || other.IsImpossible) return true;
        if (Split(one) is { } branches) return branches.All(branch => AreDisjoint(branch, right, depth + 1));
        if (Split(other) is { } others) return others.All(branch => AreDisjoint(left, branch, depth + 1));
        if (Excludes(one, other) || Excludes(other, one)) return true;

        var types = Types(one).Intersect(Types(other)).ToList();
        if (types.Count == 0) return true;
        return types is ["object"] && one.Schemas.Any(a => other.Schemas.Any(b => AreObjectsDisjoint(a, b, depth)));
    }

    // A choice and nothing beside it.
    private IEnumerable<Schema>? Split(Conjunction all) =>
        all.Choices.Count == 1 && all.ValuesOf(all.Choices.First()) is null ? document.Parts(all.Choices.First().Of, all.Choices.First().Keyword) : null;

    private bool Excludes(Conjunction values, Conjunction from)
    {
        var listed = values.Schemas.Select(schema => schema.Values).FirstOrDefault(list => list is not null);
        return listed is not null && listed.All(value => from.Schemas.Any(schema => !validator.IsValid(value, schema)));
    }

    private static HashSet<string> Types(Conjunction all)
    {
        // A whole number is a number.
        var types = all.Schemas.Select(schema => schema.Types.Select(type => type == "integer" ? "number" : type)).Aggregate(
            (IEnumerable<string>)SchemaKeywords.Types, (left, right) => left.Intersect(right));
        return [.. types];
    }

    private bool AreObjectsDisjoint(Schema left, Schema right, int depth)
    {
        var (one, other) = (new MemberSchemas(document, left, validator), new MemberSchemas(document, right, validator));
        foreach (var name in one.Required.Union(other.Required))
        {
            var (ours, theirs) = (one.Of(name).ToList(), other.Of(name).ToList());
            if (ours.Concat(theirs).Any(schema => schema.IsFalse)) return true;
            if (ours.Any(a => theirs.Any(b => AreDisjoint(a, b, depth + 1)))) return true;
        }

        return false;
    }
}
