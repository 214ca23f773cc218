using InferenceServer.Models.Architectures;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Checkpoints;
using InferenceServer.Models.Tests.Conformance;

namespace InferenceServer.Models.Tests.Architectures;

/// <summary>The keys of Gemma, Phi, Phi-3 and Granite that change the arithmetic, and what is refused.</summary>
public class FamilyTests
{
    [Theory]
    [InlineData("null", "\"gelu\"", Activation.GeluTanh)]
    [InlineData(null, "\"gelu\"", Activation.GeluTanh)]
    [InlineData("null", "\"gelu_pytorch_tanh\"", Activation.GeluTanh)]
    [InlineData(null, null, Activation.GeluTanh)]
    [InlineData("\"gelu_pytorch_tanh\"", "\"silu\"", Activation.GeluTanh)]
    [InlineData("\"gelu\"", "\"gelu_pytorch_tanh\"", Activation.Gelu)]
    [InlineData("\"silu\"", "\"gelu\"", Activation.Silu)]
    public void Gemma_reads_hidden_activation_first_and_takes_gelu_for_its_tanh_form(string? chosen, string? first, Activation expected)
    {
        using var copy = new CheckpointCopy("gemma").With("hidden_activation", chosen).With("hidden_act", first);
        using var checkpoint = copy.Open();
        Assert.All(ModelBuilder.Build(checkpoint).Spec.Layers, layer => Assert.Equal(expected, layer.Mlp.Activation));
        Assert.Equal(first == "\"gelu\"" && chosen is null or "null" ? 1 : 0, checkpoint.Warnings.Count);
    }

    /// <summary>sqrt(24) = 4.8989795 in f32, 4.8984375 in f16 and 4.90625 in bf16.</summary>
    [Theory]
    [InlineData("gemma", 4.8989795f)]
    [InlineData("gemma-tas", 4.8984375f)]
    [InlineData("gemma-wide", 4.90625f)]
    public void Gemma_scales_its_embedding_by_the_root_of_its_width_in_the_stored_type(string golden, float expected)
    {
        using var opened = Golden.Open(golden);
        Assert.Equal(expected, opened.Model.Spec.Embeddings[0].Scale);
        Assert.All(opened.Model.Spec.Layers, layer => Assert.True(layer.AttentionNorm.AddOne && layer.MlpNorm!.AddOne));
        Assert.True(opened.Model.Spec.Heads.All(head => head.Norm!.AddOne));
    }

    [Fact]
    public void A_head_that_is_tied_by_default_is_the_embedding()
    {
        using var opened = Golden.Open("gemma");
        Assert.Same(opened.Model.Spec.Embeddings[0].Tokens, opened.Model.Spec.Heads[0].Output.Weight);
    }

    [Theory]
    [InlineData("gemma", "hidden_act", "\"relu\"", "hidden_activation")]
    [InlineData("gemma", "use_bidirectional_attention", "true", "use_bidirectional_attention")]
    [InlineData("phi", "hidden_act", "\"snake\"", "gelu_new")]
    [InlineData("phi3", "attention_bias", "true", "attention_bias")]
    [InlineData("phi3-long", "rope_scaling", """{"type":"ntk","factor":2.0}""", "longrope")]
    [InlineData("phi3", "layer_types", """["full_attention","chunked_attention"]""", "layer_types")]
    [InlineData("granite", "partial_rotary_factor", "0.5", "partial_rotary_factor")]
    [InlineData("granite", "model_type", "\"granitemoe\"", "mixtures of experts")]
    [InlineData("granite", "model_type", "\"granitemoehybrid\"", "mixtures of experts")]
    [InlineData("phi", "model_type", "\"phi-msft\"", "later revision")]
    [InlineData("phi", "model_type", "\"mixformer-sequential\"", "later revision")]
    [InlineData("gemma", "model_type", "\"gemma2\"", "gemma, gpt2, granite")]
    public void What_is_not_supported_is_refused_by_name(string golden, string key, string json, string hint) => Assert.Contains(
        hint, Refused(new CheckpointCopy(golden).With(key, json), CheckpointErrorKind.ArchitectureUnsupported).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("phi", "partial_rotary_factor", "0.45")]
    [InlineData("phi", "partial_rotary_factor", "0.01")]
    [InlineData("phi", "partial_rotary_factor", "1.5")]
    [InlineData("granite", "logits_scaling", "0")]
    [InlineData("granite", "residual_multiplier", "\"0.22\"")]
    [InlineData("phi3", "sliding_window", "0")]
    [InlineData("phi3-long", "rope_scaling", """{"type":"longrope","short_factor":[1,1,1,1]}""")]
    [InlineData("phi3-long", "rope_scaling", """{"type":"longrope","short_factor":[1,1,1,1],"long_factor":[1,1,1]}""")]
    [InlineData("phi3-long", "rope_scaling", """{"type":"longrope","short_factor":[1,1,1,0],"long_factor":[1,1,1,1]}""")]
    [InlineData("phi3-long", "rope_scaling", """{"type":"su","short_factor":1,"long_factor":[1,1,1,1]}""")]
    public void An_impossible_value_is_refused(string golden, string key, string json) =>
        Assert.Contains(key, Refused(new CheckpointCopy(golden).With(key, json), CheckpointErrorKind.ConfigInvalid).Subject, StringComparison.Ordinal);

    [Theory]
    [InlineData("gemma", "model.layers.1.mlp.gate_proj.weight")]
    [InlineData("phi", "lm_head.bias")]
    [InlineData("phi", "model.layers.0.self_attn.dense.bias")]
    [InlineData("phi", "model.layers.1.mlp.fc1.weight")]
    [InlineData("phi", "model.final_layernorm.bias")]
    [InlineData("phi-norms", "model.layers.1.self_attn.k_layernorm.bias")]
    [InlineData("phi3", "model.layers.0.self_attn.qkv_proj.weight")]
    [InlineData("phi3", "model.layers.1.mlp.gate_up_proj.weight")]
    [InlineData("granite-biases", "model.layers.0.mlp.down_proj.bias")]
    public void A_missing_tensor_is_named(string golden, string tensor) =>
        Assert.Equal($"tensor '{tensor}'", Refused(new CheckpointCopy(golden).Without(tensor), CheckpointErrorKind.TensorMissing).Subject);

    [Theory]
    [InlineData("phi3", "num_key_value_heads", "4", "model.layers.0.self_attn.qkv_proj.weight", "[96, 32]", "[64, 32]")]
    [InlineData("phi3", "intermediate_size", "36", "model.layers.0.mlp.gate_up_proj.weight", "[72, 32]", "[74, 32]")]
    [InlineData("phi", "num_key_value_heads", "1", "model.layers.0.self_attn.k_proj.weight", "[20, 40]", "[40, 40]")]
    [InlineData("gemma", "head_dim", null, "model.layers.0.self_attn.q_proj.weight", "[1024, 24]", "[64, 24]")]
    public void A_wrong_shape_names_tensor_expected_and_found(
        string golden, string key, string? json, string tensor, string expected, string found)
    {
        var error = Refused(new CheckpointCopy(golden).With(key, json), CheckpointErrorKind.ShapeMismatch);
        Assert.Equal(($"tensor '{tensor}'", expected, found), (error.Subject, error.Expected, error.Found));
        Assert.EndsWith("model.safetensors", error.File, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("transformer.embd.wte.weight")]
    [InlineData("layers.0.wte.weight")]
    public void Phi_in_the_names_of_its_first_code_is_refused_with_advice(string tensor)
    {
        var error = Refused(new CheckpointCopy("phi").WithTensor(tensor, 43, 40), CheckpointErrorKind.ArchitectureUnsupported);
        Assert.Equal($"tensor '{tensor}'", error.Subject);
        Assert.Contains("PhiForCausalLM", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_phi_whose_head_is_tied_keeps_the_bias_of_the_head()
    {
        using var copy = new CheckpointCopy("phi").With("tie_word_embeddings", "true").Without("lm_head.weight");
        using var checkpoint = copy.Open();
        var spec = ModelBuilder.Build(checkpoint).Spec;
        Assert.Same(spec.Embeddings[0].Tokens, spec.Heads[0].Output.Weight);
        Assert.Equal("lm_head.bias", spec.Heads[0].Output.Bias!.Source.Name);
    }

    [Fact]
    public void Factors_that_granite_does_not_name_are_one()
    {
        using var copy = new CheckpointCopy("granite");
        foreach (var key in (string[])["embedding_multiplier", "attention_multiplier", "residual_multiplier", "logits_scaling"]) copy.With(key, null);
        using var checkpoint = copy.Open();
        var spec = ModelBuilder.Build(checkpoint).Spec;
        Assert.Equal((1f, 1f), (spec.Embeddings[0].Scale, spec.Heads[0].Scale));
        Assert.All(spec.Layers, layer => Assert.Equal((1f, 1f), (layer.Attention.Scale, layer.ResidualScale)));
    }

    [Theory]
    [InlineData("""["full_attention","sliding_attention"]""", "mistral-window", null, 5)]
    [InlineData("""["sliding_attention","full_attention"]""", "phi3", 6, null)]
    [InlineData(null, "phi3", 6, 6)]
    public void Layer_types_say_which_layers_have_the_window(string? types, string golden, int? first, int? second)
    {
        using var copy = new CheckpointCopy(golden).With("layer_types", types);
        using var checkpoint = copy.Open();
        Assert.Equal([first, second], ModelBuilder.Build(checkpoint).Spec.Layers.Select(layer => layer.Attention.Window));
    }

    private static CheckpointException Refused(CheckpointCopy copy, CheckpointErrorKind kind)
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
