using System.Text.Json.Nodes;
using InferenceServer.Models.Architectures;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Tests.Checkpoints;
using InferenceServer.Models.Tests.Conformance;

namespace InferenceServer.Models.Tests.Architectures;

/// <summary>An adapter that cannot be applied as it was trained is refused, with what is wrong and where.</summary>
public sealed class AdapterRefusalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("use_dora", "true")]
    [InlineData("bias", "\"lora_only\"")]
    [InlineData("modules_to_save", """["lm_head"]""")]
    [InlineData("peft_type", "\"IA3\"")]
    [InlineData("layer_replication", "[[0,1]]")]
    [InlineData("init_lora_weights", "\"pissa_niter_16\"")]
    [InlineData("trainable_token_indices", "[3]")]
    public void What_lora_alone_cannot_do_is_refused_by_its_key(string key, string value) =>
        AssertRefused(Copy("lora", config => config[key] = JsonNode.Parse(value)), CheckpointErrorKind.AdapterUnsupported, $"'{key}'");

    [Theory]
    [InlineData("r", "3", CheckpointErrorKind.ShapeMismatch, "[3, 24]")]
    [InlineData("target_modules", """["q_proj"]""", CheckpointErrorKind.AdapterUnsupported, "v_proj")]
    [InlineData("target_modules", """["q_proj","v_proj","o_proj"]""", CheckpointErrorKind.TensorMissing, "layers.0.self_attn.o_proj")]
    [InlineData("target_modules", "\"all-linear\"", CheckpointErrorKind.TensorMissing, "self_attn.")]
    [InlineData("target_modules", "\"(\"", CheckpointErrorKind.ConfigInvalid, "target_modules")]
    public void A_configuration_that_does_not_fit_the_tensors_is_refused(string key, string value, CheckpointErrorKind kind, string part) =>
        AssertRefused(Copy("lora", config => config[key] = JsonNode.Parse(value)), kind, part);

    [Fact]
    public void Missing_foreign_and_doubled_tensors_are_refused_by_name()
    {
        const string A = "base_model.model.model.layers.1.self_attn.q_proj.lora_A";
        AssertRefused(Copy("lora", tensors: tensors => tensors.Remove($"{A}.weight")), CheckpointErrorKind.TensorMissing, $"{A}.weight");
        AssertRefused(Copy("lora", tensors: tensors => tensors["base_model.model.lm_head.lora_A.weight"] = [4, 24]), CheckpointErrorKind.AdapterUnsupported, "lm_head");
        AssertRefused(Copy("lora", tensors: tensors => tensors["base_model.model.model.layers.2.self_attn.q_proj.lora_A.weight"] = [4, 24]), CheckpointErrorKind.AdapterUnsupported, "layers.2");
        AssertRefused(Copy("lora", tensors: tensors => tensors[$"{A}.default.weight"] = [4, 24]), CheckpointErrorKind.AdapterUnsupported, "twice");
        AssertRefused(Copy("lora", tensors: tensors => tensors["base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector"] = [24]), CheckpointErrorKind.AdapterUnsupported, "DoRA");
        AssertRefused(Copy("lora", tensors: tensors => tensors.Clear()), CheckpointErrorKind.AdapterUnsupported, "no tensors");
    }

    [Theory]
    [InlineData("pass_type", "612", "607, 800 or 801")]
    [InlineData("ablation", "420", "ablation")]
    [InlineData("think_tokens", "1", "think_tokens")]
    public void Variants_of_bitune_that_are_not_implemented_are_refused(string key, string value, string part) =>
        AssertRefused(Copy("bitune-607", model: config => config[key] = JsonNode.Parse(value)), CheckpointErrorKind.MethodUnsupported, part);

    [Fact]
    public void Bitune_needs_its_scales_and_its_second_adapter()
    {
        AssertRefused(Copy("bitune", tensors: tensors => tensors.Remove("base_model.model.pass_scale_v.weight")), CheckpointErrorKind.TensorMissing, "pass_scale_v");
        AssertRefused(Copy("bitune", tensors: tensors => tensors["base_model.model.pass_scale_k.weight"] = [3]), CheckpointErrorKind.ShapeMismatch, "[2]");
        AssertRefused(Copy("lora"), CheckpointErrorKind.MethodUnsupported, "prefill", ThinkingMethod.Bitune);
        AssertRefused(Copy("lora"), CheckpointErrorKind.MethodUnsupported, "'tas'", ThinkingMethod.Tas);
    }

    [Fact]
    public void A_pickled_adapter_is_refused_with_what_to_do()
    {
        var path = Copy("lora");
        File.Move(Path.Combine(path, "adapter_model.safetensors"), Path.Combine(path, "adapter_model.bin"));
        AssertRefused(path, CheckpointErrorKind.PickleRefused, "training/convert");
    }

    [Fact]
    public void A_base_that_is_not_there_says_what_to_set()
    {
        var path = Copy("lora", config => config["base_model_name_or_path"] = "google/gemma-2b");
        var refused = Assert.Throws<CheckpointException>(() => ModelSource.Of(new ModelOptions { Name = "x", Path = path }));
        Assert.Equal(CheckpointErrorKind.BaseMissing, refused.Kind);
        Assert.Contains("Set Base", refused.Message, StringComparison.Ordinal);
        var llama = Golden.Folder("llama");
        Assert.Equal((llama, path), Folders(new ModelOptions { Name = "x", Path = path, Base = llama }));
        Assert.Equal(Golden.Folder("llama"), ModelSource.Of(new ModelOptions { Name = "x", Path = GoldenAdapter.Folder("lora") }).Base);
        Assert.Equal(CheckpointErrorKind.ConfigMissing, Assert.Throws<CheckpointException>(() => Folders(new ModelOptions { Name = "x", Path = llama, Base = llama })).Kind);

        static (string, string?) Folders(ModelOptions options)
        {
            var source = ModelSource.Of(options);
            return (source.Base, source.Adapter);
        }
    }

    [Fact]
    public void Models_that_share_a_base_share_an_engine_unless_they_run_differently()
    {
        ModelOptions Of(string name, string path) => new() { Name = name, Path = path };
        var groups = ModelSource.Group(
        [
            Of("bitune", GoldenAdapter.Folder("bitune")),
            Of("other", Golden.Folder("tas")),
            Of("base", Golden.Folder("llama")),
            Of("again", Golden.Folder("llama")),
            Of("lora", GoldenAdapter.Folder("lora")),
            Of("small", GoldenAdapter.Folder("lora")) with { Cpu = new() { Weights = Models.Cpu.WeightFormat.BF16 } },
            Of("bitune-607", GoldenAdapter.Folder("bitune-607")),
        ]);
        Assert.Equal(
            ["other bitune-607", "base bitune lora", "again", "small"],
            groups.Select(group => string.Join(' ', group.Select(source => source.Options.Name))));
    }

    private static void AssertRefused(string path, CheckpointErrorKind kind, string part, ThinkingMethod? method = null)
    {
        using var checkpoint = Checkpoint.Open(Golden.Folder(path.Contains("607", StringComparison.Ordinal) ? "tas" : "llama"));
        var refused = Assert.Throws<CheckpointException>(() =>
        {
            using var adapter = AdapterCheckpoint.Open(path);
            var basis = ModelBuilder.BuildBase(checkpoint);
            ModelBuilder.Adapt(basis.Spec, basis, checkpoint, adapter, method);
        });
        Assert.Equal(kind, refused.Kind);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
        Assert.StartsWith(path, refused.File, StringComparison.Ordinal);
    }

    // A golden adapter with changes. Tensors that are changed are filled with zeros: only their names and shapes matter.
    private string Copy(
        string name, Action<JsonObject>? config = null, Action<Dictionary<string, int[]>>? tensors = null, Action<JsonObject>? model = null)
    {
        var source = GoldenAdapter.Folder(name);
        var target = Path.Combine(_folder.Path, $"{name}-{Guid.NewGuid():N}");
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        Edit("adapter_config.json", config);
        Edit("config.json", model);
        if (tensors is null) return target;
        var weights = Path.Combine(target, "adapter_model.safetensors");
        Dictionary<string, int[]> shapes;
        using (var set = SafetensorsFile.Open(weights)) shapes = set.Names.ToDictionary(tensor => tensor, tensor => set.Get(tensor).Shape.ToArray());
        tensors(shapes);
        File.WriteAllBytes(weights, SafetensorsWriter.Write(shapes.Select(entry => (entry.Key, entry.Value, new float[entry.Value.Aggregate(1, (product, size) => product * size)]))));
        return target;

        void Edit(string file, Action<JsonObject>? change)
        {
            if (change is null) return;
            var path = Path.Combine(target, file);
            var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
            change(json);
            File.WriteAllText(path, json.ToJsonString());
        }
    }
}
