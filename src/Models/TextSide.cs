using InferenceServer.Models.Tokenization;
using InferenceServer.Models.Tokenization.ChatTemplates;

namespace InferenceServer.Models;

/// <summary>How a model's text becomes ids: an adapter's own files where it brings some, else its base's.</summary>
/// <param name="Folder">Where the tokenizer was found.</param>
/// <param name="ToolTemplate">The template for conversations with tools; some checkpoints bring one of its own for them.</param>
internal sealed record TextSide(string Folder, Tokenizer Tokenizer, ChatTemplate? ChatTemplate, ChatTemplate? ToolTemplate)
{
    private const string ToolTemplateName = "tool_use";
    private const string TokenizerFile = "tokenizer.json";

    /// <exception cref="InvalidDataException">The tokenizer cannot be read.</exception>
    public static TextSide Load(ModelSource source)
    {
        var hasTokenizer = source.Adapter is not null && File.Exists(Path.Combine(source.Adapter, TokenizerFile));
        var folder = hasTokenizer ? source.Adapter! : source.Base;
        // A tokenizer of its own without a template says that the adapter was trained without one.
        var template = source.Adapter is null ? null : ChatTemplate.Load(source.Adapter);
        var from = template is not null ? source.Adapter! : source.Base;
        if (template is null && !hasTokenizer) template = ChatTemplate.Load(source.Base);
        return new TextSide(folder, Tokenizer.Load(folder), template, template is null ? null : ChatTemplate.Load(from, ToolTemplateName) ?? template);
    }

    /// <exception cref="InvalidDataException">The tokenizer has ids the model does not.</exception>
    public void CheckVocabulary(int size)
    {
        if (Tokenizer.VocabularySize <= size) return;
        throw new InvalidDataException(
            $"{Path.Combine(Folder, TokenizerFile)}: it knows ids up to {Tokenizer.VocabularySize - 1}, the model has {size} embeddings; the files are of different models.");
    }
}
