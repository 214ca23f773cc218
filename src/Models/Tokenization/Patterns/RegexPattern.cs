using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using InferenceServer.Models.Tokenization.Unicode;

namespace InferenceServer.Models.Tokenization.Patterns;

/// <summary>
/// An Oniguruma-style regular expression matched over code points.
/// <para>
/// .NET matches UTF-16 units, so <c>\p{L}</c> would miss every letter outside the BMP. The translator therefore
/// collects the sets of code points a pattern mentions and divides all code points into classes that no set tells
/// apart. ASCII keeps its characters; every other code point is replaced by one stand-in character for its class,
/// and the .NET expression is written over those stand-ins. Matching is exact, and sets stay small.
/// </para>
/// </summary>
internal sealed class RegexPattern : TextPattern
{
    /// <summary>Stand-ins are the characters from here on.</summary>
    private const int FirstStandIn = 0x100;

    private readonly Regex _regex;
    private readonly PagedTable<char> _standIns;

    /// <exception cref="FormatException">The pattern cannot be parsed, or uses a construct that is not supported.</exception>
    public RegexPattern(string pattern)
    {
        var translation = new PatternTranslator(pattern).Translate();
        _standIns = Classify(translation.Sets, out var membersOf);
        var builder = new StringBuilder();
        foreach (var (text, set) in translation.Items)
        {
            if (text is not null)
                builder.Append(text);
            else
                AppendSet(builder, translation.Sets[set], membersOf[set]);
        }

        try
        {
            _regex = new Regex(builder.ToString(), RegexOptions.Compiled | RegexOptions.CultureInvariant);
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"the regular expression {pattern} cannot be compiled: {e.Message}", e);
        }
    }

    public override void FindMatches(ReadOnlySpan<char> text, List<TextRange> matches)
    {
        if (Ascii.IsValid(text))
        {
            foreach (var match in _regex.EnumerateMatches(text))
                matches.Add(new TextRange(match.Index, match.Index + match.Length));
            return;
        }

        var mapped = ArrayPool<char>.Shared.Rent(text.Length);
        var surrogates = text.IndexOfAnyInRange('\uD800', '\uDFFF') >= 0;
        var origins = surrogates ? ArrayPool<int>.Shared.Rent(text.Length + 1) : null; // mapped index -> index in text
        int length = 0, position = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            origins?[length] = position;
            mapped[length++] = rune.IsAscii ? (char)rune.Value : _standIns[rune.Value];
            position += rune.Utf16SequenceLength;
        }

        origins?[length] = position;
        foreach (var match in _regex.EnumerateMatches(mapped.AsSpan(0, length)))
        {
            int start = match.Index, end = start + match.Length;
            matches.Add(origins is null ? new TextRange(start, end) : new TextRange(origins[start], origins[end]));
        }

        ArrayPool<char>.Shared.Return(mapped);
        if (origins is not null)
            ArrayPool<int>.Shared.Return(origins);
    }

    /// <summary>Divides the non-ASCII code points by the sets they belong to.</summary>
    private static PagedTable<char> Classify(IReadOnlyList<CodePointSet> sets, out List<char>[] membersOf)
    {
        var bounds = new SortedSet<int> { 0x80, CodePointSet.Limit };
        foreach (var set in sets)
        {
            foreach (var bound in set.Bounds)
            {
                if (bound > 0x80)
                    bounds.Add(bound);
            }
        }

        membersOf = new List<char>[sets.Count];
        for (var i = 0; i < membersOf.Length; i++)
            membersOf[i] = [];
        var table = new PagedTable<char>();
        var classes = new Dictionary<string, char>();
        var signature = new char[sets.Count];
        var start = 0x80;
        foreach (var end in bounds)
        {
            if (end == start)
                continue;
            for (var i = 0; i < signature.Length; i++)
                signature[i] = sets[i].Contains(start) ? '1' : '0';
            var key = new string(signature);
            if (!classes.TryGetValue(key, out var standIn))
            {
                standIn = checked((char)(FirstStandIn + classes.Count));
                classes.Add(key, standIn);
                for (var i = 0; i < signature.Length; i++)
                {
                    if (signature[i] == '1')
                        membersOf[i].Add(standIn);
                }
            }

            table.Fill(start, end, standIn);
            start = end;
        }

        return table;
    }

    private static void AppendSet(StringBuilder builder, CodePointSet set, List<char> standIns)
    {
        if (standIns.Count == 0 && (set.IsEmpty || set.Bounds[0] >= 0x80))
        {
            builder.Append("(?!)");
            return;
        }

        builder.Append('[');
        for (var i = 0; i < set.Bounds.Length && set.Bounds[i] < 0x80; i += 2)
        {
            builder.Append($"\\u{set.Bounds[i]:X4}");
            if (Math.Min(set.Bounds[i + 1], 0x80) - 1 is var last && last > set.Bounds[i])
                builder.Append($"-\\u{last:X4}");
        }

        foreach (var standIn in standIns)
            builder.Append($"\\u{(int)standIn:X4}");
        builder.Append(']');
    }
}
