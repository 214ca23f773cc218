using InferenceServer.Models.Architectures;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Tests.Conformance;

namespace InferenceServer.Models.Tests.Architectures;

/// <summary>How published module names lead to the projections of the seam.</summary>
public class LoraLayoutTests
{
    [Theory]
    [InlineData("llama", "base_model.model.model.layers.1.self_attn.q_proj", 1, "self_attn.q_proj")]
    [InlineData("llama", "layers.12.mlp.down_proj", 12, "mlp.down_proj")]
    [InlineData("gpt2", "base_model.model.transformer.h.0.attn.c_attn", 0, "attn.c_attn")]
    public void A_path_leads_to_a_layer_and_a_module(string golden, string path, int layer, string module) =>
        Assert.Equal((layer, module), Layout(golden).Locate(path));

    [Theory]
    [InlineData("base_model.model.lm_head")]
    [InlineData("base_model.model.model.embed_tokens")]
    [InlineData("model.layers.x.self_attn.q_proj")]
    [InlineData("model.layers.-1.self_attn.q_proj")]
    [InlineData("model.layers.1")]
    [InlineData("model.layers.1.self_attn.c_attn")]
    [InlineData("model.sublayers.1.self_attn.q_proj")]
    public void A_path_outside_the_layers_leads_nowhere(string path) => Assert.Null(Layout("llama").Locate(path));

    [Theory]
    [InlineData("llama", "self_attn.k_proj", "Key 0 12")]
    [InlineData("qwen3", "self_attn.q_proj", "Query 0 40")]
    [InlineData("mistral-window", "mlp.gate_proj", "Gate 0 37")]
    [InlineData("gpt2", "attn.c_attn", "Query 0 24, Key 24 24, Value 48 24")]
    [InlineData("gpt2", "mlp.c_proj", "Down 0 24")]
    [InlineData("phi", "self_attn.dense", "Output 0 40")]
    [InlineData("phi", "mlp.fc1", "Up 0 52")]
    [InlineData("phi3", "self_attn.qkv_proj", "Query 0 32, Key 32 16, Value 48 16")]
    [InlineData("phi3", "mlp.gate_up_proj", "Gate 0 37, Up 37 37")]
    [InlineData("gemma-wide", "self_attn.q_proj", "Query 0 512")]
    [InlineData("granite", "self_attn.o_proj", "Output 0 24")]
    public void A_module_is_cut_into_projections(string golden, string module, string expected)
    {
        using var opened = Golden.Open(golden);
        var targets = ArchitectureRegistry.Lora(opened.Checkpoint).Targets(opened.Model.Spec.Layers[0], module);
        Assert.Equal(expected, string.Join(", ", targets.Select(target => $"{target.Projection} {target.RowOffset} {target.Rows}")));
    }

    /// <summary>The rows a module's target names are the rows of the stored tensor that the engine multiplies by.</summary>
    [Fact]
    public void Every_module_of_every_family_stands_for_the_rows_of_its_own_tensor()
    {
        foreach (var name in Golden.Names.Select(row => row.Data))
        {
            using var opened = Golden.Open(name);
            var layout = ArchitectureRegistry.Lora(opened.Checkpoint);
            for (var index = 0; index < opened.Model.Spec.Layers.Count; index++)
            {
                var layer = opened.Model.Spec.Layers[index];
                var seen = new HashSet<Projection>();
                foreach (var module in layout.Modules.Keys)
                {
                    foreach (var target in layout.Targets(layer, module))
                    {
                        var matrix = Matrix(layer, target.Projection);
                        Assert.EndsWith($"{layout.Layers}.{index}.{module}.weight", matrix.Source.Name, StringComparison.Ordinal);
                        Assert.Equal((matrix.RowOffset, matrix.Rows), (target.RowOffset, target.Rows));
                        Assert.True(seen.Add(target.Projection), $"{name}: {target.Projection} stands in two modules.");
                    }
                }

                Assert.Equal(layer.Mlp.Gate is null ? 6 : 7, seen.Count);
            }
        }
    }

    private static LoraLayout Layout(string golden)
    {
        using var opened = Golden.Open(golden);
        return ArchitectureRegistry.Lora(opened.Checkpoint);
    }

    private static Matrix Matrix(LayerSpec layer, Projection projection) => (projection switch
    {
        Projection.Query => layer.Attention.Query,
        Projection.Key => layer.Attention.Key,
        Projection.Value => layer.Attention.Value,
        Projection.Output => layer.Attention.Output,
        Projection.Gate => layer.Mlp.Gate!,
        Projection.Up => layer.Mlp.Up,
        _ => layer.Mlp.Down,
    }).Weight;
}
