using System.Text.Json;

namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>
/// A chat template: Jinja2 as Hugging Face's <c>apply_chat_template</c> configures it (immutable sandbox,
/// <c>trim_blocks</c>, <c>lstrip_blocks</c>, loop controls, plain <c>tojson</c>, <c>raise_exception</c>,
/// <c>strftime_now</c>, transparent <c>generation</c> blocks). Safe to use from several threads.
/// </summary>
public sealed class ChatTemplate
{
    private readonly IReadOnlyList<Statement> _body;
    private readonly IReadOnlyDictionary<string, Value> _specialTokens;
    private readonly ChatTemplateLimits _limits;

    private ChatTemplate(string source, IReadOnlyList<Statement> body, IReadOnlyDictionary<string, Value> specialTokens, ChatTemplateLimits limits)
    {
        Source = source;
        (_body, _specialTokens, _limits) = (body, specialTokens, limits);
    }

    /// <summary>The template as it was written.</summary>
    public string Source { get; }

    /// <summary>Parses a template that has no variables besides those of its input.</summary>
    /// <exception cref="ChatTemplateException">The template is not valid; the message names the line.</exception>
    public static ChatTemplate Parse(string source) => Parse(source, specialTokens: null);

    /// <summary>Parses a template.</summary>
    /// <param name="source">Jinja2 text.</param>
    /// <param name="specialTokens">
    /// The tokenizer's own variables (<c>bos_token</c> and so on). Unlike the input's variables they count as template text.
    /// </param>
    /// <param name="limits">What one rendering may cost.</param>
    /// <exception cref="ChatTemplateException">The template is not valid; the message names the line.</exception>
    public static ChatTemplate Parse(string source, IReadOnlyDictionary<string, string>? specialTokens, ChatTemplateLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        var variables = (specialTokens ?? new Dictionary<string, string>())
            .ToDictionary(pair => pair.Key, pair => (Value)StringValue.FromTemplate(pair.Value), StringComparer.Ordinal);
        return Parse(source, variables, limits);
    }

    /// <summary>
    /// Reads the template of a checkpoint: <c>chat_template.jinja</c>, else <c>chat_template</c> of
    /// <c>tokenizer_config.json</c>, else <c>chat_template.json</c>. Special tokens come from <c>tokenizer_config.json</c>
    /// and, where that has none, <c>special_tokens_map.json</c>.
    /// </summary>
    /// <param name="directory">The checkpoint.</param>
    /// <param name="name">One of several templates, such as <c>tool_use</c>; null for the default one.</param>
    /// <param name="limits">What one rendering may cost.</param>
    /// <returns>The template, or null when the checkpoint has none of that name.</returns>
    /// <exception cref="ChatTemplateException">A file is not valid.</exception>
    public static ChatTemplate? Load(string directory, string? name = null, ChatTemplateLimits? limits = null)
    {
        var files = new ChatTemplateFiles(directory);
        return files.FindTemplate(name) is { } source ? Parse(source, files.SpecialTokens(), limits) : null;
    }

    /// <summary>Renders the prompt.</summary>
    /// <exception cref="ChatTemplateException">The template refused the input, failed on it, or ran into a limit.</exception>
    public string Render(ChatTemplateInput input) => RenderText(input).Text;

    /// <summary>Renders the prompt as stretches of template text and input text, in order. Joined, they are <see cref="Render"/>.</summary>
    /// <exception cref="ChatTemplateException">The template refused the input, failed on it, or ran into a limit.</exception>
    public IReadOnlyList<TemplateSegment> RenderSegments(ChatTemplateInput input)
    {
        var text = RenderText(input);
        return [.. text.Runs().Select(run => new TemplateSegment(text.Text.Substring(run.Start, run.Length), run.FromInput))];
    }

    internal static ChatTemplate Parse(string source, IReadOnlyDictionary<string, Value> specialTokens, ChatTemplateLimits? limits) =>
        new(source, Parser.Parse(source), specialTokens, limits ?? ChatTemplateLimits.Default);

    private OriginText RenderText(ChatTemplateInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var globals = new Scope(null);
        Globals.AddTo(globals);
        foreach (var (name, value) in _specialTokens)
        {
            globals.Set(name, value);
        }

        foreach (var (name, value) in input.Variables ?? new Dictionary<string, JsonElement>())
        {
            globals.Set(name, JsonValues.FromJson(value));
        }

        globals.Set("messages", JsonValues.FromMessages(input.Messages));
        globals.Set("tools", JsonValues.FromOptional(input.Tools));
        globals.Set("documents", JsonValues.FromOptional(input.Documents));
        globals.Set("add_generation_prompt", BoolValue.Of(input.AddGenerationPrompt));
        return new Interpreter(_limits, input.Now ?? DateTime.Now).Render(_body, new Scope(globals));
    }
}
