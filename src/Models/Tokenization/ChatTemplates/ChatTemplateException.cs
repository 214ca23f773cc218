namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>
/// A chat template that cannot be parsed or rendered, or that refused its input by calling <c>raise_exception</c>.
/// </summary>
public sealed class ChatTemplateException : Exception
{
    public ChatTemplateException(string message)
        : base(message)
    {
    }

    public ChatTemplateException(string message, Exception inner)
        : base(message, inner)
    {
    }

    private ChatTemplateException(string message, int? line, bool raisedByTemplate, Exception? inner)
        : base(message, inner)
    {
        Line = line;
        RaisedByTemplate = raisedByTemplate;
    }

    /// <summary>One-based line of the template, when the error belongs to one.</summary>
    public int? Line { get; }

    /// <summary>
    /// True when the template itself called <c>raise_exception</c>: <see cref="Exception.Message"/> is then exactly what the
    /// template's author wrote for whoever sent the messages.
    /// </summary>
    public bool RaisedByTemplate { get; }

    internal static ChatTemplateException Raised(string message, int line) => new(message, line, raisedByTemplate: true, null);

    internal static ChatTemplateException AtLine(string message, int line, Exception? inner = null) =>
        new($"Chat template, line {line}: {message}", line, raisedByTemplate: false, inner);
}
