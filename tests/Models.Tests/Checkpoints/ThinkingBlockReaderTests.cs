using System.Text;
using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Models.Tests.Checkpoints;

public class ThinkingBlockReaderTests
{
    [Fact]
    public void Tas_settings_are_read()
    {
        var block = Read("""
            {"method":"tas","thinking_layer":16,"think_norm":"shared","thought_begin_token_id":null,"thought_end_token_id":128002,
             "max_thought_tokens":64,"keep_thoughts_in_history":true}
            """);
        Assert.Equal(
            new ThinkingBlock
            {
                Method = ThinkingMethod.Tas,
                ThinkingLayer = 16,
                ThinkingNorm = ThinkingNorm.Shared,
                ThoughtEndTokenId = 128002,
                MaxThoughtTokens = 64,
                KeepThoughtsInHistory = true,
            },
            block);
    }

    [Fact]
    public void Quiet_star_samples_three_fewer_than_it_runs_ahead_unless_told()
    {
        Assert.Equal(9, Read("""{"method":"quiet_star","n_ahead":12}""").SampledThoughtTokens);
        Assert.Equal(0, Read("""{"method":"quiet_star","n_ahead":1}""").SampledThoughtTokens);
        var block = Read("""{"method":"quiet_star","n_ahead":8,"sampled_thought_tokens":6,"embedding_scale":1.5,"base_vocab_size":32000}""");
        Assert.Equal((6, 1.5f, 32000), (block.SampledThoughtTokens, block.EmbeddingScale, block.BaseVocabularySize));
    }

    [Fact]
    public void Tpo_has_the_markers_of_the_generic_prompt_unless_told()
    {
        Assert.Contains("Here is my response:", Read("""{"method":"tpo"}""").AnswerMarkers);
        var block = Read("""
            {"method":"tpo","prompt_template":"Think. {x}","answer_markers":["<R>"],"starts_in_thought":true,"on_missing_answer":"resample","max_resamples":3}
            """);
        Assert.Equal(["<R>"], block.AnswerMarkers);
        Assert.Equal("Think. {input}", block.PromptTemplate);
        Assert.True(block is { StartsInThought: true, ResampleMissingAnswer: true, MaxResamples: 3 });
    }

    [Fact]
    public void Icot_settings_are_read()
    {
        var block = Read("""{"method":"icot_si","separator_token_id":50256,"eos_count_to_stop":1,"prompt_template":" {input} {eos}"}""");
        Assert.Equal((50256, 1, " {input} {eos}"), (block.SeparatorTokenId, block.EosCountToStop, block.PromptTemplate));
    }

    [Theory]
    [InlineData("""{}""", "method")]
    [InlineData("""{"method":"magic"}""", "plain, tas, bitune, icot_si, icot_kd, quiet_star, tpo")]
    [InlineData("""{"method":"tas","thought_end_token_id":3}""", "thinking_layer")]
    [InlineData("""{"method":"tas","thinking_layer":2}""", "thought_end_token_id")]
    [InlineData("""{"method":"tas","thinking_layer":0,"thought_end_token_id":3}""", "thinking_layer")]
    [InlineData("""{"method":"tas","thinking_layer":2,"thought_end_token_id":-3}""", "thought_end_token_id")]
    [InlineData("""{"method":"tas","thinking_layer":2,"thought_end_token_id":3,"think_norm":"mine"}""", "own, shared or none")]
    [InlineData("""{"method":"tas","thinking_layer":2,"thought_end_token_id":3,"thinking_layers":2}""", "max_thought_tokens")]
    [InlineData("""{"method":"tas","thinking_layer":2,"thought_end_token_id":3,"max_thought_tokens":1e12}""", "max_thought_tokens")]
    [InlineData("""{"method":"plain","thinking_layer":2}""", "thinking_layer")]
    [InlineData("""{"method":"icot_si","eos_count_to_stop":3}""", "eos_count_to_stop")]
    [InlineData("""{"method":"quiet_star","n_ahead":0}""", "n_ahead")]
    [InlineData("""{"method":"quiet_star","embedding_scale":1e300}""", "embedding_scale")]
    [InlineData("""{"method":"tpo","answer_markers":[]}""", "answer_markers")]
    [InlineData("""{"method":"tpo","answer_markers":[""]}""", "answer_markers")]
    [InlineData("""{"method":"tpo","answer_markers":"<R>"}""", "answer_markers")]
    [InlineData("""{"method":"tpo","on_missing_answer":"retry"}""", "resample or raw")]
    [InlineData("""{"method":"tpo","max_resamples":1000000}""", "max_resamples")]
    [InlineData("""{"method":"tpo","prompt_template":"no place for it"}""", "{input}")]
    public void A_wrong_block_is_refused_with_what_would_be_right(string json, string hint)
    {
        var error = Assert.Throws<CheckpointException>(() => Read(json));
        Assert.Contains(hint, error.Message, StringComparison.Ordinal);
        Assert.Contains("thinking.", error.Subject, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(5, 3, "thinking.thinking_layer")]
    [InlineData(4, 97, "thinking.thought_end_token_id")]
    public void What_does_not_fit_the_model_is_refused(int layer, int end, string key)
    {
        var block = new ThinkingBlock { Method = ThinkingMethod.Tas, ThinkingLayer = layer, ThoughtEndTokenId = end };
        var error = Assert.Throws<CheckpointException>(() => ThinkingBlockReader.CheckAgainst(block, "config.json", layers: 4, vocabularySize: 97));
        Assert.Equal(CheckpointErrorKind.ThinkingInvalid, error.Kind);
        Assert.Contains(key, error.Subject, StringComparison.Ordinal);
    }

    private static ThinkingBlock Read(string json) => ThinkingBlockReader.Read(
        ConfigSection.Parse("config.json", Encoding.UTF8.GetBytes($$"""{"thinking":{{json}}}""")).FindSection(ThinkingKeys.Block)!);
}
