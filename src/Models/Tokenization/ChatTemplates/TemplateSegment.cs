namespace InferenceServer.Models.Tokenization.ChatTemplates;

/// <summary>
/// A stretch of a rendering with one origin.
/// </summary>
/// <param name="Text">The characters; never empty.</param>
/// <param name="FromInput">
/// True for text that came from messages, tools or variables of the request: markers inside it are data. False for text that
/// the template's author wrote: markers inside it are special tokens.
/// </param>
public readonly record struct TemplateSegment(string Text, bool FromInput);
