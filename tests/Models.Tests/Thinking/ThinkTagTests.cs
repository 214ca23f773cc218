using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Thinking;
using InferenceServer.Models.Tokenization;
using InferenceServer.Models.Tokenization.ChatTemplates;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>Think tags (DeepSeek-R1, Qwen3): the tag comes first or not at all, and a template may open it.</summary>
public class ThinkTagTests
{
    private static readonly ThinkingBlock Tags = new() { Method = ThinkingMethod.Tpo, ThoughtMarkers = ["<think>"], AnswerMarkers = ["</think>"], ThoughtFirst = true };

    [Theory]
    [InlineData("<think>\nhm, <b>\n</think>\n\nYes.", SplitStart.Before, "hm, <b>\n", "Yes.")]
    [InlineData("\n <think>hm</think>Yes. </think>", SplitStart.Before, "hm", "Yes. </think>")]
    [InlineData("Yes. <think>no</think>", SplitStart.Before, "", "Yes. <think>no</think>")]
    [InlineData("<thin ice", SplitStart.Before, "", "<thin ice")]
    [InlineData("<thin", SplitStart.Before, "", "<thin")]
    [InlineData("\nhm</think>\nYes.", SplitStart.Thought, "hm", "Yes.")]
    [InlineData("hm, never done", SplitStart.Thought, "hm, never done", "")]
    [InlineData("\n<think> is a tag", SplitStart.Answer, "", "\n<think> is a tag")]
    public void Text_is_split_alike_in_any_pieces(string text, SplitStart start, string thought, string answer)
    {
        var random = new Random(3);
        for (var i = 0; i < 50; i++)
        {
            var splitter = new MarkerSplitter(Tags, start);
            var spans = new List<(SpanKind Kind, string Text)>();
            for (var at = 0; at < text.Length;)
            {
                var length = i == 0 ? text.Length : Math.Min(random.Next(1, 6), text.Length - at);
                spans.AddRange(splitter.Append(text.Substring(at, length)));
                at += length;
            }

            spans.AddRange(splitter.Flush());
            Assert.Equal(thought, string.Concat(spans.Where(span => span.Kind == SpanKind.Thought).Select(span => span.Text)));
            Assert.Equal(answer, string.Concat(spans.Where(span => span.Kind == SpanKind.Answer).Select(span => span.Text)));
        }
    }

    [Fact]
    public void A_direct_answer_is_streamed_at_once()
    {
        var splitter = new MarkerSplitter(Tags);
        Assert.Equal([(SpanKind.Answer, "Yes")], splitter.Append("Yes"));
        Assert.True(splitter.Answering);
    }

    [Theory]
    [InlineData("{%- if enable_thinking is defined and enable_thinking is false %}x{% endif %}", "enable_thinking")]
    [InlineData("{%- elif thinking %}", "thinking")]
    [InlineData("{% set x = 'thinking' %}{{ thinking }}", null)]
    [InlineData("{% if message.thinking %}", null)]
    [InlineData("Are you thinking?", null)]
    public void The_switch_of_a_template_is_a_variable_of_its_statements(string source, string? expected)
    {
        var template = expected is null || !source.Contains("elif", StringComparison.Ordinal) ? source : "{% if a %}{%- elif thinking %}{% endif %}";
        if (source.Contains("if message", StringComparison.Ordinal)) template += "{% endif %}";
        Assert.Equal(expected, ReasoningSigns.Switch(ChatTemplate.Parse(template)));
    }

    [Theory]
    [InlineData("Qwen-Qwen3-0.6B", "enable_thinking", "</think>")]
    [InlineData("deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "enable_thinking", "</think>")]
    [InlineData("deepseek-ai-DeepSeek-V3.1", "thinking", "</think>")]
    [InlineData("HuggingFaceTB-SmolLM3-3B", "enable_thinking", "</think>")]
    [InlineData("mistralai-Ministral-3-14B-Reasoning-2512", null, "[/THINK]")]
    [InlineData("meta-llama-Llama-3.1-8B-Instruct", null, null)]
    [InlineData("Qwen-Qwen2.5-7B-Instruct", null, null)]
    public void Published_templates_of_reasoning_models_are_recognised(string name, string? variable, string? close)
    {
        var data = Environment.GetEnvironmentVariable("REFERENCE_DATA");
        Assert.SkipWhen(data is null, "REFERENCE_DATA is not set: it names the folder with the reference data");
        var template = ChatTemplate.Parse(File.ReadAllText(Path.Combine(data!, "chat", "templates", name + ".jinja")));
        Assert.Equal(variable, ReasoningSigns.Switch(template));
        var tokenizer = Tokenizer.Load(GoldenFile.Checkpoint("tas-stories"));
        Assert.Equal(close, ReasoningSigns.Find(tokenizer, template)?.AnswerMarkers.Single());
    }

    [Fact]
    public void A_template_with_tpos_texts_thinks_when_it_is_told_to()
    {
        // As Granite 3.2's does, which has a variable for it.
        const string Texts = "Write your thoughts after 'Here is my thought process:' and write your response after 'Here is my response:'.";
        var tokenizer = Tokenizer.Load(GoldenFile.Checkpoint("tas-stories"));
        var switched = ReasoningSigns.Find(tokenizer, ChatTemplate.Parse("{% if thinking %}" + Texts + "{% endif %}"))!;
        Assert.False(switched.ThinksByDefault);
        Assert.Contains("Here's my response:", switched.AnswerMarkers);
        Assert.True(ReasoningSigns.Find(tokenizer, ChatTemplate.Parse(Texts))!.ThinksByDefault);
        Assert.Null(ReasoningSigns.Find(tokenizer, null));
    }

    [Fact]
    public void The_specific_prompt_brings_its_marker_and_begins_with_the_thought()
    {
        var block = ThinkingBlockReader.Read(ConfigSection.Parse("x", """{"method":"tpo","thought_prompt":"specific"}"""u8.ToArray()));
        Assert.True(block.StartsInThought);
        Assert.Equal(["<R>"], block.AnswerMarkers);
        Assert.Contains("after \"<R>\".\n\nUser query: {input}", block.ThoughtPrompt!, StringComparison.Ordinal);
        var generic = ThinkingBlockReader.Read(ConfigSection.Parse("x", """{"method":"tpo","thought_prompt":"generic"}"""u8.ToArray()));
        Assert.Equal(("Here is my thought process:", false), (generic.ThoughtMarkers[0], generic.StartsInThought));
        Assert.Contains("\"Here is my response:\"", generic.ThoughtPrompt!, StringComparison.Ordinal);
    }
}
