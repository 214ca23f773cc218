using InferenceServer.Models;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Tokenization.ChatTemplates;

namespace InferenceServer.Requests;

/// <summary>
/// How the last user message is dressed for a checkpoint without a chat template: as its <c>thinking.prompt_template</c>
/// says, or as its method was trained (ICoT: arXiv 2405.14838; Bitune: arXiv 2405.14862).
/// </summary>
internal static class PromptTemplates
{
    private const string InputSlot = "{input}";
    private const string EndSlot = "{eos}";

    public static IReadOnlyList<TemplateSegment> Fill(string input, ServedModel model)
    {
        var template = model.Thinking.PromptTemplate ?? Default(model.Thinking.Method);
        var end = model.Tokenizer.SpecialTokens.Eos
            ?? model.EndOfSequence.Order().Select(id => model.Tokenizer.IdToToken(id)).FirstOrDefault() ?? "";
        var segments = new List<TemplateSegment>();
        var parts = template.Replace(EndSlot, end, StringComparison.Ordinal).Split(InputSlot);
        for (var i = 0; i < parts.Length; i++)
        {
            if (i > 0 && input.Length > 0) segments.Add(new TemplateSegment(input, FromInput: true));
            if (parts[i].Length > 0) segments.Add(new TemplateSegment(parts[i], FromInput: false));
        }

        return segments;
    }

    private static string Default(ThinkingMethod method) => method switch
    {
        ThinkingMethod.IcotSi or ThinkingMethod.IcotKd => $" {InputSlot} {EndSlot}",
        ThinkingMethod.Bitune => $"Question: {InputSlot}\n\nAnswer:",
        _ => InputSlot,
    };
}
