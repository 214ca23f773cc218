using InferenceServer.Models.Tokenization.ChatTemplates;

namespace InferenceServer.Models.Tests.Tokenization.ChatTemplates;

public sealed class ChatTemplateLoadTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("chat-template-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_checkpoint_without_a_template_has_none()
    {
        Write("tokenizer_config.json", """{"bos_token": "<s>"}""");
        Assert.Null(ChatTemplate.Load(_folder));
    }

    [Fact]
    public void The_template_file_comes_before_the_tokenizer_configuration()
    {
        Write("tokenizer_config.json", """{"chat_template": "config", "bos_token": "<s>"}""");
        Assert.Equal("config", Text(ChatTemplate.Load(_folder)));
        Write("chat_template.jinja", "file{{ bos_token }}\n");
        Assert.Equal("file<s>", Text(ChatTemplate.Load(_folder)));
    }

    [Fact]
    public void Special_tokens_are_strings_or_objects_and_absent_ones_are_undefined()
    {
        Write("tokenizer_config.json", """
            {"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>", "pad_token": null,
             "additional_special_tokens": ["<a>", {"content": "<b>"}], "extra_special_tokens": {"image_token": "<img>"},
             "chat_template": "{{ bos_token }}{{ eos_token }}{{ pad_token is defined }}{{ additional_special_tokens }}{{ image_token }}{{ unk_token }}"}
            """);
        Write("special_tokens_map.json", """{"eos_token": "<other>", "unk_token": {"content": "<unk>"}}""");
        Assert.Equal("<s></s>False['<a>', '<b>']<img><unk>", Text(ChatTemplate.Load(_folder)));
        Assert.All(ChatTemplate.Load(_folder)!.RenderSegments(Rendering.Input()), segment => Assert.False(segment.FromInput));
    }

    [Fact]
    public void Named_templates_are_loaded_by_name()
    {
        Write("tokenizer_config.json", """{"chat_template": [{"name": "default", "template": "D"}, {"name": "tool_use", "template": "T"}]}""");
        Assert.Equal("D", Text(ChatTemplate.Load(_folder)));
        Assert.Equal("T", Text(ChatTemplate.Load(_folder, "tool_use")));
        Assert.Null(ChatTemplate.Load(_folder, "rag"));
    }

    [Fact]
    public void Named_templates_are_also_files_of_their_own()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "additional_chat_templates"));
        Write("additional_chat_templates/rag.jinja", "R");
        Write("chat_template.jinja", "D");
        Assert.Equal("R", Text(ChatTemplate.Load(_folder, "rag")));
        Assert.Null(ChatTemplate.Load(_folder, "../chat_template"));
    }

    [Fact]
    public void Several_templates_without_a_default_are_an_error_that_names_them()
    {
        Write("tokenizer_config.json", """{"chat_template": [{"name": "a", "template": "A"}, {"name": "b", "template": "B"}]}""");
        Assert.Contains("choose one of a, b", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Load(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_template_of_a_processor_is_the_last_resort()
    {
        Write("chat_template.json", """{"chat_template": "P"}""");
        Assert.Equal("P", Text(ChatTemplate.Load(_folder)));
    }

    [Fact]
    public void A_broken_configuration_is_an_error_that_names_the_file()
    {
        Write("tokenizer_config.json", "{");
        Assert.Contains("tokenizer_config.json", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Load(_folder)).Message, StringComparison.Ordinal);
    }

    private static string? Text(ChatTemplate? template) => template?.Render(Rendering.Input());

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(_folder, file), text);
}
