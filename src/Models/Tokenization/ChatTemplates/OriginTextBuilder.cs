using System.Text;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>Builds an <see cref="OriginText"/> and refuses to grow past a length.</summary>
internal sealed class OriginTextBuilder(int maxLength = OriginTextBuilder.MaxStringLength)
{
    public const int MaxStringLength = 32 * 1024 * 1024;

    private readonly StringBuilder _text = new();
    private readonly List<OriginRun> _runs = [];

    public int Length => _text.Length;

    public OriginTextBuilder Append(ReadOnlySpan<char> text, bool fromInput)
    {
        if (text.Length > 0)
        {
            Reserve(text.Length);
            _text.Append(text);
            EndRun(fromInput);
        }

        return this;
    }

    public OriginTextBuilder Append(char c, int count, bool fromInput)
    {
        if (count > 0)
        {
            Reserve(count);
            _text.Append(c, count);
            EndRun(fromInput);
        }

        return this;
    }

    public OriginTextBuilder Append(OriginText text)
    {
        foreach (var (start, length, fromInput) in text.Runs())
        {
            Append(text.Text.AsSpan(start, length), fromInput);
        }

        return this;
    }

    public OriginText ToText()
    {
        var text = _text.ToString();
        return _runs.Count switch
        {
            0 => OriginText.Empty,
            1 => new(text, null, _runs[0].FromInput),
            _ => new(text, [.. _runs], false),
        };
    }

    private void Reserve(int count)
    {
        if (count > maxLength - _text.Length)
        {
            throw new ChatTemplateException($"the text grows past the limit of {maxLength} characters");
        }
    }

    private void EndRun(bool fromInput)
    {
        if (_runs.Count > 0 && _runs[^1].FromInput == fromInput)
        {
            _runs[^1] = new(_text.Length, fromInput);
        }
        else
        {
            _runs.Add(new(_text.Length, fromInput));
        }
    }
}
