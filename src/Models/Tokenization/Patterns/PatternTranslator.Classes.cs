namespace InferenceServer.Models.Tokenization.Patterns;

/// <content>Bracket expressions.</content>
internal sealed partial class PatternTranslator
{
    /// <summary>A bracket expression with nested brackets, <c>[:names:]</c> and <c>&amp;&amp;</c> intersections.</summary>
    private readonly struct ClassParser(PatternTranslator owner)
    {
        public CodePointSet Parse()
        {
            var text = owner._pattern;
            owner._position++;
            var negated = !owner.AtEnd && text[owner._position] == '^';
            if (negated)
                owner._position++;
            var intersection = CodePointSet.All;
            var members = new List<CodePointSet>();
            for (var first = true; ; first = false)
            {
                if (owner.AtEnd)
                    throw owner.Error("a class without ]");
                if (text[owner._position] == ']' && !first)
                    break;
                if (text.AsSpan(owner._position).StartsWith("&&", StringComparison.Ordinal))
                {
                    owner._position += 2;
                    intersection = intersection.Intersect(CodePointSet.Union(members));
                    members.Clear();
                    continue;
                }

                members.Add(ParseMember());
            }

            owner._position++;
            var set = owner.Fold(intersection.Intersect(CodePointSet.Union(members)));
            return negated ? set.Complement() : set;
        }

        private CodePointSet ParseMember()
        {
            var text = owner._pattern;
            if (text.AsSpan(owner._position).StartsWith("[:", StringComparison.Ordinal) &&
                text.IndexOf(":]", owner._position + 2, StringComparison.Ordinal) is var end and >= 0)
            {
                var name = text[(owner._position + 2)..end];
                owner._position = end + 2;
                var inverted = name.StartsWith('^');
                var named = UnicodeProperties.FindPosix(inverted ? name[1..] : name) ?? throw owner.Error($"the class [:{name}:] is not supported");
                return inverted ? named.Complement() : named;
            }

            if (text[owner._position] == '[')
                return new ClassParser(owner).Parse();
            var low = ParseUnit();
            // A range needs single code points at both ends; otherwise the hyphen stands for itself.
            if (!low.IsSingle || owner._position + 1 >= text.Length ||
                text[owner._position] != '-' || text[owner._position + 1] is ']' or '[')
            {
                return low;
            }

            var hyphen = owner._position++;
            var high = ParseUnit();
            if (high.IsSingle)
            {
                return high.Bounds[0] >= low.Bounds[0]
                    ? CodePointSet.Range(low.Bounds[0], high.Bounds[0])
                    : throw owner.Error("a range that ends before it starts");
            }

            owner._position = hyphen;
            return low;
        }

        private CodePointSet ParseUnit()
        {
            var text = owner._pattern;
            if (text[owner._position] != '\\')
                return CodePointSet.Single(owner.NextCodePoint());
            if (owner._position + 1 >= text.Length)
                throw owner.Error("a \\ at the end");
            if (text[owner._position + 1] == 'b')
            {
                owner._position += 2;
                return CodePointSet.Single('\b');
            }

            return owner.ParseSetEscape();
        }
    }
}
