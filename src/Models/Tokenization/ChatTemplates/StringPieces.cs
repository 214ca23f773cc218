using System.Text;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Cutting and joining strings without losing the origin of their characters.</summary>
internal static class StringPieces
{
    private const int MaxWidth = 1_000_000;

    public static StringValue Strip(StringValue s, Value? chars, bool left, bool right)
    {
        var set = chars is null or NoneValue ? null : StringMethods.String(chars).Text.EnumerateRunes().ToHashSet();
        var (text, start, end) = (s.Text, 0, s.Text.Length);
        bool Strips(int i) => set is null ? PythonText.IsSpace(text[i]) : Rune.TryGetRuneAt(text, i, out var rune) && set.Contains(rune);
        while (left && start < end && Strips(start))
        {
            start += PythonText.SizeAt(text, start);
        }

        while (right && end > start)
        {
            var size = end - 2 >= start && char.IsSurrogatePair(text[end - 2], text[end - 1]) ? 2 : 1;
            if (!Strips(end - size))
            {
                break;
            }

            end -= size;
        }

        return s.With(s.Rope.Slice(start, end - start));
    }

    public static ListValue Split(StringValue s, Value? separator, Value? maxSplit, bool fromRight)
    {
        var limit = maxSplit is null ? -1 : PythonNumbers.ToInt(maxSplit);
        limit = limit < 0 ? int.MaxValue : limit;
        var parts = separator is null or NoneValue
            ? fromRight ? WordsFromRight(s.Text, limit) : Words(s.Text, limit)
            : Cuts(s.Text, StringMethods.String(separator).Text, limit, fromRight);
        return new([.. parts.Select(part => s.With(s.Rope.Slice(part.Start, part.End - part.Start)))]);
    }

    public static IEnumerable<Value> Lines(StringValue s, bool keepEnds)
    {
        var text = s.Text;
        for (var start = 0; start < text.Length;)
        {
            var end = start;
            while (end < text.Length && !PythonText.IsLineEnd(text[end]))
            {
                end++;
            }

            var next = end < text.Length ? end + (text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n' ? 2 : 1) : end;
            yield return s.With(s.Rope.Slice(start, (keepEnds ? next : end) - start));
            start = next;
        }
    }

    public static TupleValue Partition(StringValue s, string separator, bool last)
    {
        if (separator.Length == 0)
        {
            throw new ChatTemplateException("the separator must not be empty");
        }

        var i = last ? s.Text.LastIndexOf(separator, StringComparison.Ordinal) : s.Text.IndexOf(separator, StringComparison.Ordinal);
        if (i < 0)
        {
            return last ? new([StringValue.Empty, StringValue.Empty, s]) : new([s, StringValue.Empty, StringValue.Empty]);
        }

        var end = i + separator.Length;
        return new([s.With(s.Rope.Slice(0, i)), s.With(s.Rope.Slice(i, end - i)), s.With(s.Rope.Slice(end))]);
    }

    public static StringValue Replace(StringValue s, StringValue old, StringValue replacement, Value? count)
    {
        var left = count is null or NoneValue ? -1 : PythonNumbers.ToInt(count);
        left = left < 0 ? int.MaxValue : left;
        var builder = new OriginTextBuilder();
        var start = 0;
        if (old.Text.Length == 0)
        {
            for (; left > 0; left--)
            {
                builder.Append(replacement.Rope);
                if (start == s.Text.Length)
                {
                    break;
                }

                var size = PythonText.SizeAt(s.Text, start);
                builder.Append(s.Rope.Slice(start, size));
                start += size;
            }
        }
        else
        {
            for (; left > 0; left--)
            {
                var i = s.Text.IndexOf(old.Text, start, StringComparison.Ordinal);
                if (i < 0)
                {
                    break;
                }

                builder.Append(s.Rope.Slice(start, i - start)).Append(replacement.Rope);
                start = i + old.Text.Length;
            }
        }

        return s.With(builder.Append(s.Rope.Slice(start)).ToText());
    }

    public static StringValue Join(StringValue separator, IEnumerable<StringValue> parts)
    {
        var builder = new OriginTextBuilder();
        var first = true;
        foreach (var part in parts)
        {
            if (!first)
            {
                builder.Append(separator.Rope);
            }

            first = false;
            builder.Append(separator.IsMarkup ? Markup.Escape(part).Rope : part.Rope);
        }

        return separator.With(builder.ToText());
    }

    public static OriginText Capitalize(OriginText text)
    {
        if (text.Length == 0)
        {
            return text;
        }

        var size = PythonText.SizeAt(text.Text, 0);
        return OriginText.Concat(text.Slice(0, size).Map(PythonText.Capitalize), text.Slice(size).Map(PythonText.Lower));
    }

    public static StringValue Justify(StringValue s, Value width, Value? fill, char align)
    {
        var total = Width(width);
        var fillText = fill is null ? " " : StringMethods.String(fill).Text;
        if (PythonText.Length(fillText) != 1)
        {
            throw new ChatTemplateException("the fill character must be one character");
        }

        // str.center puts the odd blank on the left when the width is odd, unlike format's '^'.
        var missing = total - s.Length!.Value;
        var odd = align == '^' && missing > 0 && (missing & total & 1) == 1 ? 1 : 0;
        var padded = new FormatSpec { Fill = fillText, Width = s.Length!.Value + Math.Max(missing - odd, 0), Align = align }.Pad(s.Rope, '<');
        return s.With(odd == 0 ? padded : new FormatSpec { Fill = fillText, Width = total, Align = '>' }.Pad(padded, '>'));
    }

    public static StringValue ZeroFill(StringValue s, Value width)
    {
        var sign = s.Text.Length > 0 && s.Text[0] is '+' or '-' ? 1 : 0;
        var digits = new FormatSpec { Fill = "0", Width = Width(width) - sign }.Pad(s.Rope.Slice(sign), '>');
        return s.With(OriginText.Concat(s.Rope.Slice(0, sign), digits));
    }

    public static string ExpandTabs(string text, int tabSize)
    {
        var result = new StringBuilder();
        var column = 0;
        foreach (var c in text)
        {
            if (c == '\t')
            {
                var blanks = tabSize > 0 ? Math.Min(tabSize, MaxWidth) - (column % Math.Min(tabSize, MaxWidth)) : 0;
                result.Append(' ', result.Length + blanks <= OriginTextBuilder.MaxStringLength
                    ? blanks
                    : throw new ChatTemplateException("expandtabs(): the text grows too long"));
                column += blanks;
            }
            else
            {
                result.Append(c);
                column = c is '\n' or '\r' ? 0 : column + 1;
            }
        }

        return result.ToString();
    }

    private static int Width(Value width) => PythonNumbers.ToInt(width) is var w && w <= MaxWidth
        ? w
        : throw new ChatTemplateException($"a width is above {MaxWidth}");

    private static List<(int Start, int End)> Words(string text, int limit)
    {
        var parts = new List<(int, int)>();
        var i = 0;
        while (true)
        {
            while (i < text.Length && PythonText.IsSpace(text[i]))
            {
                i++;
            }

            if (i == text.Length)
            {
                return parts;
            }

            var start = i;
            if (limit-- == 0)
            {
                parts.Add((start, text.Length));
                return parts;
            }

            while (i < text.Length && !PythonText.IsSpace(text[i]))
            {
                i++;
            }

            parts.Add((start, i));
        }
    }

    private static List<(int Start, int End)> WordsFromRight(string text, int limit)
    {
        var parts = new List<(int, int)>();
        var i = text.Length;
        while (true)
        {
            while (i > 0 && PythonText.IsSpace(text[i - 1]))
            {
                i--;
            }

            if (i == 0)
            {
                break;
            }

            var end = i;
            if (limit-- == 0)
            {
                parts.Add((0, end));
                break;
            }

            while (i > 0 && !PythonText.IsSpace(text[i - 1]))
            {
                i--;
            }

            parts.Add((i, end));
        }

        parts.Reverse();
        return parts;
    }

    private static List<(int Start, int End)> Cuts(string text, string separator, int limit, bool fromRight)
    {
        if (separator.Length == 0)
        {
            throw new ChatTemplateException("split(): the separator must not be empty");
        }

        var parts = new List<(int, int)>();
        if (fromRight)
        {
            var end = text.Length;
            for (; limit > 0; limit--)
            {
                var i = text.AsSpan(0, end).LastIndexOf(separator, StringComparison.Ordinal);
                if (i < 0)
                {
                    break;
                }

                parts.Add((i + separator.Length, end));
                end = i;
            }

            parts.Add((0, end));
            parts.Reverse();
            return parts;
        }

        var start = 0;
        for (; limit > 0; limit--)
        {
            var i = text.IndexOf(separator, start, StringComparison.Ordinal);
            if (i < 0)
            {
                break;
            }

            parts.Add((start, i));
            start = i + separator.Length;
        }

        parts.Add((start, text.Length));
        return parts;
    }
}
