using InferenceServer.Models.Tokenization.Json;

namespace InferenceServer.Models.Tokenization.PostProcessors;

/// <summary>
/// Puts special tokens around the ids of one text. Only the single-sequence form is needed; ids are wrapped by
/// templates in order (a <c>Sequence</c> of processors has several).
/// </summary>
internal sealed class PostProcessor(IReadOnlyList<IReadOnlyList<PostProcessor.Part>> templates)
{
    public static PostProcessor None { get; } = new([]);

    public static PostProcessor Read(JsonField field)
    {
        var templates = new List<IReadOnlyList<Part>>();
        Collect(field, templates);
        return new PostProcessor(templates);
    }

    public List<int> Apply(List<int> ids)
    {
        foreach (var template in templates)
        {
            var wrapped = new List<int>(ids.Count + template.Count);
            foreach (var part in template)
                wrapped.AddRange(part.Ids ?? (IReadOnlyList<int>)ids);
            ids = wrapped;
        }

        return ids;
    }

    /// <summary>The ids put before and after a text.</summary>
    public (int[] Before, int[] After) Affixes()
    {
        const int Text = -1;
        var ids = Apply([Text]);
        var at = ids.IndexOf(Text);
        return at < 0 ? ([.. ids], []) : ([.. ids.Take(at)], [.. ids.Skip(at + 1).Where(id => id != Text)]);
    }

    /// <summary>This processor with one more template around it: the given ids before and after.</summary>
    public PostProcessor Wrap(int[] before, int[] after) =>
        new([.. templates, [new Part(before), new Part(null), new Part(after)]]);

    private static void Collect(JsonField field, List<IReadOnlyList<Part>> templates)
    {
        switch (field.Type)
        {
            case "Sequence":
                foreach (var processor in field.Required("processors").Items())
                    Collect(processor, templates);
                break;
            case "ByteLevel": // concerns offsets only
                break;
            case "TemplateProcessing":
                templates.Add([.. field.Required("single").Items().Select(part => ReadPart(part, field.Required("special_tokens")))]);
                break;
            case "BertProcessing" or "RobertaProcessing":
                templates.Add([ReadPair(field.Required("cls")), new Part(null), ReadPair(field.Required("sep"))]);
                break;
            default:
                throw field.Unsupported("post-processor", "Sequence, ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing");
        }
    }

    private static Part ReadPart(JsonField part, JsonField specialTokens)
    {
        if (part.Optional("Sequence") is not null)
            return new Part(null);
        var id = part.Required("SpecialToken").Required("id").AsString();
        return new Part([.. specialTokens.Required(id).Required("ids").Items().Select(item => item.AsInt())]);
    }

    private static Part ReadPair(JsonField pair)
    {
        var items = pair.Items().ToArray();
        return items.Length == 2 ? new Part([items[1].AsInt()]) : throw pair.Error("[token, id]", pair.Describe());
    }

    /// <summary>Fixed ids, or (null) the text's own.</summary>
    public readonly record struct Part(int[]? Ids);
}
