using System.Text.Json;
using InferenceServer.Errors;
using InferenceServer.Hosting;
using InferenceServer.Models;
using InferenceServer.Models.Tokenization;
using InferenceServer.Models.Tokenization.ChatTemplates;

namespace InferenceServer.Requests;

/// <summary>How a prompt is dressed: completions go as they are, chat through the checkpoint's template.</summary>
public sealed class PromptEncoder(ServerSettings settings, UnknownFields unknown, ThoughtMapper thoughts)
{
    // A hint this server needs none of: prompts are cached as they come. Some clients (OpenAI's agents) copy what an answer's
    // message had into each of its parts.
    private static readonly string[] PartLabels = ["cache_control"];
    private static readonly string[] AnswerPartLabels = [.. PartLabels, "role", "reasoning_content", "reasoning", "annotations", "refusal"];

    /// <exception cref="ApiException">400: no prompt, or an id the model does not have.</exception>
    public IReadOnlyList<IReadOnlyList<int>> Encode(PromptInput prompt, GenerationFields fields, ServedModel model)
    {
        if (fields.ChatTemplateKwargs is not null)
            throw ApiException.Invalid("chat_template_kwargs", "A prompt is sent to the model as it is: 'chat_template_kwargs' goes with 'messages'.", "unsupported_parameter");
        if (prompt.Items.Count == 0) throw ApiException.Invalid("prompt", "The prompt is empty: send at least one.");
        if (prompt.Items.Count > settings.MaxChoices)
            throw ApiException.Invalid("prompt", $"A request may have {settings.MaxChoices} prompts; it has {prompt.Items.Count}.");
        return [.. prompt.Items.Select(item => Encode(item, model))];
    }

    /// <exception cref="ApiException">400: the messages cannot be dressed for this model.</exception>
    public IReadOnlyList<int> Encode(IReadOnlyList<ChatMessage> messages, GenerationFields fields, ServedModel model, IReadOnlyList<JsonElement>? tools = null)
    {
        Check(messages, model);
        var thinks = thoughts.WantsThoughts(fields, model);
        if (model.Thinking.ThoughtPrompt is { } ask && thinks != false) messages = Asking(messages, ask);
        var template = tools is not null || messages.Any(message => message.Role == "tool" || message.ToolCalls is { Count: > 0 }) ? model.ToolTemplate : model.ChatTemplate;
        if (template is not null)
            return Encode(Render(template, messages, tools, Variables(fields, model, thinks), model), model.Tokenizer, addSpecialTokens: false);
        if (fields.ChatTemplateKwargs is not null)
            throw ApiException.Invalid("chat_template_kwargs", "This model has no chat template to give variables to.", "unsupported_parameter");
        return Encode(PromptTemplates.Fill(LastUserMessage(messages), model), model.Tokenizer, addSpecialTokens: true);
    }

    /// <summary>The conversation with its last user message put into the thought prompt; earlier ones stay as they were.</summary>
    private static List<ChatMessage> Asking(IReadOnlyList<ChatMessage> messages, string ask)
    {
        var asking = messages.ToList();
        var last = asking.FindLastIndex(message => message.Role == "user");
        if (last >= 0 && asking[last].Content is { } content)
            asking[last] = asking[last] with { Content = content with { Text = ask.Replace("{input}", content.Text, StringComparison.Ordinal) } };
        return asking;
    }

    private static Dictionary<string, JsonElement> Variables(GenerationFields fields, ServedModel model, bool? thinks)
    {
        var variables = new Dictionary<string, JsonElement>(fields.ChatTemplateKwargs ?? new Dictionary<string, JsonElement>());
        if (model.ThinkingSwitch is { } name && thinks is { } value) variables[name] = JsonElement.Parse(value ? "true" : "false");
        return variables;
    }

    private static string LastUserMessage(IReadOnlyList<ChatMessage> messages) =>
        messages.LastOrDefault(message => message.Role == "user")?.Content?.Text
        ?? throw ApiException.Invalid("messages", "There is no user message to answer.");

    private static IReadOnlyList<TemplateSegment> Render(
        ChatTemplate template, IReadOnlyList<ChatMessage> messages, IReadOnlyList<JsonElement>? tools, IReadOnlyDictionary<string, JsonElement> variables, ServedModel model)
    {
        try
        {
            return template.RenderSegments(new ChatTemplateInput
            {
                Messages = [.. messages.Select(message => MessageJson.Of(message, model))],
                Tools = tools,
                AddGenerationPrompt = true,
                Variables = variables,
            });
        }
        catch (ChatTemplateException exception)
        {
            throw ApiException.Invalid("messages", $"The model's chat template refuses these messages: {exception.Message}");
        }
    }

    /// <summary>
    /// Text of the input that spells a special token stays text. Where there is none, the whole is encoded at once, as the
    /// model was trained: tokens may then reach over the seams of the template.
    /// </summary>
    private static IReadOnlyList<int> Encode(IReadOnlyList<TemplateSegment> segments, Tokenizer tokenizer, bool addSpecialTokens)
    {
        var whole = tokenizer.EncodeToIds(string.Concat(segments.Select(segment => segment.Text)), addSpecialTokens);
        if (!SpellsMarker(segments, whole, tokenizer, addSpecialTokens)) return whole;
        var ids = new List<int>(whole.Count);
        for (var i = 0; i < segments.Count; i++)
            ids.AddRange(tokenizer.EncodeToIds(segments[i].Text, addSpecialTokens && i == 0, parseSpecialTokens: !segments[i].FromInput));
        return ids;
    }

    // By itself, or together with the template's text at a seam.
    private static bool SpellsMarker(IReadOnlyList<TemplateSegment> segments, IReadOnlyList<int> whole, Tokenizer tokenizer, bool addSpecialTokens)
    {
        var own = addSpecialTokens ? CountSpecial("", tokenizer, addSpecialTokens: true) : 0;
        foreach (var (text, fromInput) in segments)
        {
            if (!fromInput) own += CountSpecial(text, tokenizer, addSpecialTokens: false);
            else if (!tokenizer.EncodeToIds(text, false).SequenceEqual(tokenizer.EncodeToIds(text, false, parseSpecialTokens: false))) return true;
        }

        return whole.Count(tokenizer.IsSpecial) != own;
    }

    private static int CountSpecial(string text, Tokenizer tokenizer, bool addSpecialTokens) =>
        tokenizer.EncodeToIds(text, addSpecialTokens).Count(tokenizer.IsSpecial);

    private IReadOnlyList<int> Encode(PromptItem item, ServedModel model)
    {
        if (item.Text is { } text) return model.Tokenizer.EncodeToIds(text, addSpecialTokens: true, settings.ParseSpecialTokens);
        var size = model.Spec.VocabularySize;
        foreach (var id in item.Tokens)
        {
            if (id < 0 || id >= size) throw ApiException.Invalid("prompt", $"Token ids are from 0 to {size - 1}; one is {id}.");
        }

        return item.Tokens;
    }

    private void Check(IReadOnlyList<ChatMessage> messages, ServedModel model)
    {
        if (messages.Count == 0) throw ApiException.Invalid("messages", "There are no messages: send at least one.");
        if (messages.Count > settings.MaxMessages)
            throw ApiException.Invalid("messages", $"A conversation may have {settings.MaxMessages} messages; it has {messages.Count}.");
        for (var i = 0; i < messages.Count; i++)
        {
            var (message, param) = (messages[i], messages[i]?.Origin ?? $"messages[{i}]");
            if (message is null) throw ApiException.Invalid(param, $"'{param}' must be an object with role and content.", "invalid_type");
            if (message.Role is not ("system" or "developer" or "user" or "assistant" or "tool"))
                throw ApiException.Invalid($"{param}.role", $"'{param}.role' must be system, developer, user, assistant or tool.");
            CheckCalls(message, param, model);
            if (message.Content?.Parts.Any(part => part is not { Type: "text", Text: not null }) == true)
                throw ApiException.Invalid($"{param}.content", $"'{param}.content' may only have parts of type text, each with its text.", "unsupported_parameter");
            if (message.Content is null && message.Role != "assistant")
                throw ApiException.Invalid($"{param}.content", $"'{param}.content' is required.", "missing_required_parameter");
            unknown.CheckMessage(param, message.Unknown);
            var labels = message.Role == "assistant" ? AnswerPartLabels : PartLabels;
            for (var part = 0; part < message.Content?.Parts.Count; part++) unknown.CheckInside($"{param}.content[{part}]", message.Content.Parts[part].Unknown, labels);
        }
    }

    private void CheckCalls(ChatMessage message, string param, ServedModel model)
    {
        if (message.Role != "tool" && message.ToolCallId is not null)
            throw ApiException.Invalid($"{param}.tool_call_id", $"'{param}.tool_call_id' goes with the role tool.");
        if (message.Role == "tool" && message.ToolCallId is null)
            throw ApiException.Invalid($"{param}.tool_call_id", $"'{param}.tool_call_id' is required.", "missing_required_parameter");
        if (message.Role != "assistant" && message.ToolCalls is { Count: > 0 })
            throw ApiException.Invalid($"{param}.tool_calls", $"'{param}.tool_calls' goes with the role assistant.");
        if ((message.Role == "tool" || message.ToolCalls is { Count: > 0 }) && model.ToolTemplate is null)
            throw ApiException.Invalid(param, "This model has no chat template that could show it calls of tools.", "unsupported_parameter");
        for (var i = 0; i < message.ToolCalls?.Count; i++)
        {
            var (call, at) = (message.ToolCalls[i], $"{param}.tool_calls[{i}]");
            if (call is null) throw ApiException.Invalid(at, $"'{at}' must be an object with id, type and function.", "invalid_type");
            if (call.Type != "function") throw ApiException.Invalid($"{at}.type", $"'{at}.type' must be function.", "unsupported_parameter");
            unknown.CheckInside(at, call.Unknown);
            unknown.CheckInside($"{at}.function", call.Function.Unknown);
        }
    }
}
