using InferenceServer.Models.Architectures;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Tests.Checkpoints;

namespace InferenceServer.Models.Tests.Architectures;

/// <summary>What a configuration may say, and that everything else is refused by name.</summary>
public class ModelBuilderTests
{
    [Theory]
    [InlineData("model_type", "\"mamba\"", "gemma, gpt2, granite, llama, mistral, phi, phi3, quiet, qwen2, qwen3")]
    [InlineData("model_type", null, "model_type")]
    [InlineData("quantization_config", """{"quant_method":"gptq"}""", "quantization_config")]
    [InlineData("hidden_act", "\"relu6\"", "silu")]
    [InlineData("rope_scaling", """{"type":"ntk","factor":2.0}""", "longrope")]
    [InlineData("rope_scaling", """{"factor":2.0}""", "rope_type")]
    [InlineData("rope_parameters", """{"full_attention":{"rope_type":"default"}}""", "rope_type")]
    [InlineData("rope_parameters", """{"rope_type":"default","partial_rotary_factor":0.5}""", "partial_rotary_factor")]
    public void An_unsupported_value_is_refused_with_what_is_supported(string key, string? json, string hint) =>
        Assert.Contains(hint, AssertRefused(new CheckpointCopy("llama").With(key, json), CheckpointErrorKind.ArchitectureUnsupported).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("num_hidden_layers", "1000000000")]
    [InlineData("num_hidden_layers", "0")]
    [InlineData("hidden_size", "2147483647")]
    [InlineData("hidden_size", null)]
    [InlineData("vocab_size", "-5")]
    [InlineData("intermediate_size", "1e9")]
    [InlineData("num_attention_heads", "5")]
    [InlineData("num_key_value_heads", "3")]
    [InlineData("num_key_value_heads", "8")]
    [InlineData("head_dim", "7")]
    [InlineData("max_position_embeddings", "0")]
    [InlineData("rms_norm_eps", "-1")]
    [InlineData("rope_theta", "0")]
    [InlineData("tie_word_embeddings", "\"yes\"")]
    [InlineData("rope_scaling", """{"type":"linear","factor":0.5}""")]
    [InlineData("rope_scaling", """{"rope_type":"llama3","factor":8.0}""")]
    [InlineData("eos_token_id", "43")]
    public void An_impossible_value_is_refused_before_anything_is_allocated(string key, string? json) =>
        Assert.Contains(key, AssertRefused(new CheckpointCopy("llama").With(key, json), CheckpointErrorKind.ConfigInvalid).Message, StringComparison.Ordinal);

    [Fact]
    public void A_tensor_of_another_shape_names_file_tensor_expected_and_found()
    {
        var error = AssertRefused(new CheckpointCopy("llama").With("intermediate_size", "40"), CheckpointErrorKind.ShapeMismatch);
        Assert.EndsWith("model.safetensors", error.File, StringComparison.Ordinal);
        Assert.Equal("tensor 'model.layers.0.mlp.gate_proj.weight'", error.Subject);
        Assert.Equal(("[40, 24]", "[37, 24]"), (error.Expected, error.Found));
    }

    [Theory]
    [InlineData("llama", "model.layers.1.self_attn.k_proj.weight")]
    [InlineData("qwen2", "model.layers.0.self_attn.q_proj.bias")]
    [InlineData("qwen3", "model.layers.0.self_attn.q_norm.weight")]
    [InlineData("gpt2", "transformer.h.1.mlp.c_fc.bias")]
    [InlineData("gpt2", "transformer.h.0.attn.c_attn.bias")]
    [InlineData("llama", "model.embed_tokens.weight")]
    [InlineData("tas", "thinking_norm.weight")]
    public void A_missing_tensor_is_named(string golden, string tensor) =>
        Assert.Equal($"tensor '{tensor}'", AssertRefused(new CheckpointCopy(golden).Without(tensor), CheckpointErrorKind.TensorMissing).Subject);

    [Fact]
    public void More_layers_than_the_file_has_are_a_missing_tensor() => Assert.Equal(
        "tensor 'model.layers.2.input_layernorm.weight'",
        AssertRefused(new CheckpointCopy("llama").With("num_hidden_layers", "1000"), CheckpointErrorKind.TensorMissing).Subject);

    [Fact]
    public void A_head_is_tied_when_it_is_absent()
    {
        using var copy = new CheckpointCopy("llama").Without("lm_head.weight");
        using var checkpoint = copy.Open();
        var spec = ModelBuilder.Build(checkpoint).Spec;
        Assert.Same(spec.Embeddings[0].Tokens, spec.Heads[0].Output.Weight);
    }

    [Fact]
    public void A_kind_of_bias_that_no_layer_of_gpt2_has_is_zero_with_a_warning()
    {
        using var copy = new CheckpointCopy("gpt2").Without("transformer.h.0.attn.c_attn.bias").Without("transformer.h.1.attn.c_attn.bias");
        using var checkpoint = copy.Open();
        Assert.All(ModelBuilder.Build(checkpoint).Spec.Layers, layer => Assert.Null(layer.Attention.Query.Bias));
        Assert.Contains("attn.c_attn.bias", Assert.Single(checkpoint.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_thinking_head_of_another_vocabulary_is_refused() => Assert.Equal(
        ("[43, 24]", "[40, 24]"),
        Pair(AssertRefused(new CheckpointCopy("tas").WithTensor("thinking_head.weight", 40, 24), CheckpointErrorKind.ShapeMismatch)));

    [Theory]
    [InlineData(5)]
    [InlineData(100)]
    public void A_thinking_layer_above_the_model_is_refused(int layer) => AssertRefused(
        new CheckpointCopy("tas").With("thinking", $$"""{"method":"tas","thinking_layer":{{layer}},"thought_end_token_id":3}"""),
        CheckpointErrorKind.ThinkingInvalid);

    [Fact]
    public void A_thinking_head_after_the_last_layer_needs_no_cut()
    {
        using var copy = new CheckpointCopy("tas").With("thinking", """{"method":"tas","thinking_layer":4,"thought_end_token_id":3,"think_norm":"none"}""");
        using var checkpoint = copy.Open();
        var spec = ModelBuilder.Build(checkpoint).Spec;
        Assert.Empty(spec.Cuts);
        Assert.Null(spec.Heads[TasHeads.Head].Norm);
    }

    [Fact]
    public void A_thinking_head_without_a_block_says_what_to_add() => Assert.Contains(
        "thinking_layer",
        AssertRefused(new CheckpointCopy("tas").With("thinking", null), CheckpointErrorKind.ThinkingInvalid).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Bitune_without_adapters_says_what_is_missing() => Assert.Contains(
        "adapter_config.json",
        AssertRefused(new CheckpointCopy("llama").With("thinking", """{"method":"bitune"}"""), CheckpointErrorKind.MethodUnsupported).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"eos_token_id":[7,8]}""", new[] { 7, 8 })]
    [InlineData("""{"eos_token_id":9}""", new[] { 9 })]
    [InlineData("""{"temperature":0.5}""", new[] { 2 })]
    [InlineData(null, new[] { 2 })]
    public void End_ids_come_from_the_generation_config_first(string? generation, int[] expected)
    {
        using var copy = new CheckpointCopy("llama");
        if (generation is not null) copy.Write("generation_config.json", generation);
        using var checkpoint = copy.Open();
        Assert.Equal(expected, ModelBuilder.Build(checkpoint).EndOfTextIds);
    }

    [Theory]
    [InlineData("""{"type":"linear","factor":4.0}""", 256)]
    [InlineData("""{"type":"dynamic","factor":4.0}""", 64)]
    [InlineData("""{"rope_type":"yarn","factor":4.0,"original_max_position_embeddings":64}""", 256)]
    [InlineData("""{"rope_type":"llama3","factor":8.0,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":16}""", 64)]
    [InlineData("""{"rope_type":"default"}""", 64)]
    public void A_scaling_says_how_many_positions_there_are(string scaling, int expected)
    {
        using var copy = new CheckpointCopy("llama").With("rope_scaling", scaling);
        using var checkpoint = copy.Open();
        Assert.Equal(expected, ModelBuilder.Build(checkpoint).Spec.MaxPositions);
    }

    [Theory]
    [InlineData("null", null)]
    [InlineData(null, 4096)]
    [InlineData("7", 7)]
    public void A_mistral_without_the_key_has_the_default_window_and_with_null_none(string? json, int? expected)
    {
        using var copy = new CheckpointCopy("mistral-window").With("sliding_window", json);
        using var checkpoint = copy.Open();
        Assert.All(ModelBuilder.Build(checkpoint).Spec.Layers, layer => Assert.Equal(expected, layer.Attention.Window));
    }

    private static (string?, string?) Pair(CheckpointException error) => (error.Expected, error.Found);

    private static CheckpointException AssertRefused(CheckpointCopy copy, CheckpointErrorKind kind)
    {
        using (copy)
        {
            using var checkpoint = copy.Open();
            var error = Assert.Throws<CheckpointException>(() => ModelBuilder.Build(checkpoint));
            Assert.True(error.Kind == kind, $"{error.Kind}, not {kind}: {error.Message}");
            return error;
        }
    }
}
