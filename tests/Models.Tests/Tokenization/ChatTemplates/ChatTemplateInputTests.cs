using InferenceServer.Models.Tokenization.ChatTemplates;

namespace InferenceServer.Models.Tests.Tokenization.ChatTemplates;

public class ChatTemplateInputTests
{
    [Fact]
    public void Absent_tools_and_documents_are_None_as_in_Hugging_Face_and_can_be_looped_over_as_nothing() =>
        Assert.Equal("True True False False 0 False", Rendering.Render(
            "{{ tools is none }} {{ documents is defined }} {{ tools is iterable }} {{ add_generation_prompt }} {{ tools | length }} {{ tools is not none }}{% for t in tools %}x{% endfor %}"));

    [Fact]
    public void Content_may_be_an_array_of_parts() =>
        Assert.Equal("A<image>B", Rendering.Render(
            "{% for p in messages[0].content %}{% if p.type == 'text' %}{{ p.text }}{% else %}<image>{% endif %}{% endfor %}",
            """{"messages": [{"role": "user", "content": [{"type": "text", "text": "A"}, {"type": "image"}, {"type": "text", "text": "B"}]}]}"""));

    [Fact]
    public void Numbers_of_JSON_keep_their_kind() =>
        Assert.Equal("[1, 1.0, 1000.0, -0.0, 12345678901234567890, None, True]", Rendering.Render("{{ v }}", """{"v": [1, 1.0, 1e3, -0.0, 12345678901234567890, null, true]}"""));

    [Fact]
    public void The_generation_prompt_and_extra_variables_reach_the_template() =>
        Assert.Equal("<think></think>", Rendering.Render(
            "{% if add_generation_prompt and enable_thinking is false %}<think></think>{% endif %}", """{"add_generation_prompt": true, "enable_thinking": false}"""));

    [Fact]
    public void One_template_renders_on_many_threads_at_once()
    {
        var template = ChatTemplate.Parse("{% set ns = namespace(n=0) %}{% for i in range(50) %}{% set ns.n = ns.n + k %}{% endfor %}{{ ns.n }}");
        Parallel.For(0, 64, k => Assert.Equal($"{50 * k}", template.Render(Rendering.Input($$"""{"k": {{k}}}"""))));
    }
}
