namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Immutable text in which every UTF-16 code unit knows whether it came from the input.</summary>
internal sealed class OriginText
{
    private readonly OriginRun[]? _runs; // null: one origin for the whole text
    private readonly bool _fromInput;

    internal OriginText(string text, OriginRun[]? runs, bool fromInput)
    {
        Text = text;
        _runs = runs;
        _fromInput = fromInput;
    }

    public static OriginText Empty { get; } = new("", null, false);

    public string Text { get; }

    public int Length => Text.Length;

    /// <summary>True when any character came from the input.</summary>
    public bool AnyInput => _runs is not null || _fromInput;

    public static OriginText Of(string text, bool fromInput) => text.Length == 0 ? Empty : new(text, null, fromInput);

    /// <summary>The stretches of one origin, in order, never empty ones.</summary>
    public IEnumerable<(int Start, int Length, bool FromInput)> Runs()
    {
        if (_runs is null)
        {
            if (Text.Length > 0)
            {
                yield return (0, Text.Length, _fromInput);
            }

            yield break;
        }

        var start = 0;
        foreach (var run in _runs)
        {
            yield return (start, run.End - start, run.FromInput);
            start = run.End;
        }
    }

    public OriginText Slice(int start, int length)
    {
        if (length <= 0)
        {
            return Empty;
        }

        if (start == 0 && length == Text.Length)
        {
            return this;
        }

        var text = Text.Substring(start, length);
        if (_runs is null)
        {
            return new(text, null, _fromInput);
        }

        var runs = new List<OriginRun>();
        foreach (var run in _runs)
        {
            if (run.End > start)
            {
                runs.Add(new(Math.Min(run.End - start, length), run.FromInput));
                if (run.End >= start + length)
                {
                    break;
                }
            }
        }

        return runs.Count == 1 ? new(text, null, runs[0].FromInput) : new(text, [.. runs], false);
    }

    public OriginText Slice(int start) => Slice(start, Text.Length - start);

    /// <summary>Changes the characters of each stretch; the stretch keeps its origin whatever its new length.</summary>
    public OriginText Map(Func<string, string> change)
    {
        if (_runs is null)
        {
            return Of(change(Text), _fromInput);
        }

        var builder = new OriginTextBuilder();
        foreach (var (start, length, fromInput) in Runs())
        {
            builder.Append(change(Text.Substring(start, length)), fromInput);
        }

        return builder.ToText();
    }

    /// <summary>The same characters, all counted as input when any of them is.</summary>
    public OriginText Derived(string text) => Of(text, AnyInput);

    public static OriginText Concat(OriginText left, OriginText right)
    {
        if (left.Length == 0)
        {
            return right;
        }

        return right.Length == 0 ? left : new OriginTextBuilder().Append(left).Append(right).ToText();
    }

    public override string ToString() => Text;
}

/// <summary>Text up to (not including) <paramref name="End"/> since the previous run.</summary>
internal readonly record struct OriginRun(int End, bool FromInput);
