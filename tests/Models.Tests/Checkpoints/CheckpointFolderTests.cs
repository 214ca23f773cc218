using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Models.Tests.Checkpoints;

/// <summary>Shards, links, and what else a folder may hold instead of weights.</summary>
public sealed class CheckpointFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _elsewhere = new();

    public void Dispose()
    {
        _folder.Dispose();
        _elsewhere.Dispose();
    }

    [Fact]
    public void Shards_are_opened_as_one_set()
    {
        WriteShards("""{"a":"one.safetensors","b":"two.safetensors"}""");
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Equal(["a", "b"], checkpoint.Tensors.Names.Order());
        Assert.Equal([1], checkpoint.Tensors.Get("b", 1).Shape);
    }

    [Theory]
    [InlineData("""{"a":"one.safetensors","b":"three.safetensors"}""", CheckpointErrorKind.ShardMissing)]
    [InlineData("""{"a":"one.safetensors","b":"one.safetensors"}""", CheckpointErrorKind.IndexInvalid)]
    [InlineData("""{"a":"one.safetensors","c":"two.safetensors"}""", CheckpointErrorKind.IndexInvalid)]
    [InlineData("""{"a":"one.bin"}""", CheckpointErrorKind.IndexInvalid)]
    [InlineData("""{}""", CheckpointErrorKind.IndexInvalid)]
    [InlineData("""{"a":1}""", CheckpointErrorKind.ConfigInvalid)]
    [InlineData("""{"a":"one.safetensors","a":"two.safetensors"}""", CheckpointErrorKind.ConfigInvalid)]
    [InlineData("""{"a":"../one.safetensors"}""", CheckpointErrorKind.OutsideFolder)]
    [InlineData("""{"a":"/etc/one.safetensors"}""", CheckpointErrorKind.OutsideFolder)]
    [InlineData("""{"a":"sub/one.safetensors"}""", CheckpointErrorKind.OutsideFolder)]
    [InlineData("""{"a":"..\\one.safetensors"}""", CheckpointErrorKind.OutsideFolder)]
    [InlineData("""{"a":"C:one.safetensors"}""", CheckpointErrorKind.OutsideFolder)]
    [InlineData("""{"a":".."}""", CheckpointErrorKind.OutsideFolder)]
    public void A_wrong_index_is_refused(string weightMap, CheckpointErrorKind kind)
    {
        WriteShards(weightMap);
        AssertRefused(kind);
    }

    [Fact]
    public void An_index_without_a_map_is_refused()
    {
        WriteShards("{}");
        _folder.Write("model.safetensors.index.json", """{"metadata":{}}""");
        AssertRefused(CheckpointErrorKind.IndexInvalid);
    }

    [Fact]
    public void A_tensor_in_two_shards_is_refused()
    {
        WriteShards("""{"a":"one.safetensors","b":"two.safetensors"}""");
        _folder.Write("two.safetensors", SafetensorsWriter.Write(("a", [1], [2]), ("b", [1], [2])));
        AssertRefused(CheckpointErrorKind.TensorInTwoShards);
    }

    [Theory]
    [InlineData("pytorch_model.bin")]
    [InlineData("state_dict.bin")]
    [InlineData("consolidated.00.pth")]
    [InlineData("pytorch_model-00001-of-00002.bin")]
    public void Pickles_are_refused_with_advice(string name)
    {
        _folder.Write("config.json", "{}");
        _folder.Write(name, [0x80, 0x02]);
        var error = AssertRefused(CheckpointErrorKind.PickleRefused);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains("safetensors", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_weights_or_without_config_or_no_folder_says_so()
    {
        AssertRefused(CheckpointErrorKind.ConfigMissing);
        _folder.Write("config.json", "{}");
        AssertRefused(CheckpointErrorKind.WeightsMissing);
        _folder.Write("adapter_config.json", "{}");
        Assert.Contains("adapter", AssertRefused(CheckpointErrorKind.WeightsMissing).Message, StringComparison.Ordinal);
        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(Path.Combine(_folder.Path, "absent")));
        Assert.Equal(CheckpointErrorKind.FolderNotFound, error.Kind);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    public void A_link_out_of_the_folder_is_refused(string name)
    {
        WriteSingle(_folder);
        WriteSingle(_elsewhere);
        Link(_folder, name, Path.Combine(_elsewhere.Path, name));
        AssertRefused(CheckpointErrorKind.OutsideFolder);
    }

    [Fact]
    public void A_folder_of_the_checkpoint_that_is_a_link_out_is_refused()
    {
        WriteSingle(_folder);
        _elsewhere.Write("adapter_config.json", "{}");
        Directory.CreateSymbolicLink(Path.Combine(_folder.Path, "prefill"), _elsewhere.Path);
        using var checkpoint = Checkpoint.Open(_folder.Path);
        var error = Assert.Throws<CheckpointException>(() => checkpoint.Folder.Find("prefill/adapter_config.json"));
        Assert.Equal(CheckpointErrorKind.OutsideFolder, error.Kind);
    }

    [Fact]
    public void A_link_within_the_folder_and_a_linked_folder_are_followed()
    {
        WriteSingle(_folder);
        File.Move(Path.Combine(_folder.Path, "model.safetensors"), Path.Combine(_folder.Path, "weights"));
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "model.safetensors"), "weights");
        var alias = Path.Combine(_elsewhere.Path, "alias");
        Directory.CreateSymbolicLink(alias, _folder.Path);
        using var checkpoint = Checkpoint.Open(alias);
        Assert.Single(checkpoint.Tensors.Names);
    }

    [Fact]
    public void A_snapshot_of_the_hugging_face_cache_may_link_to_its_blobs()
    {
        var snapshot = Directory.CreateDirectory(Path.Combine(_folder.Path, "models--x", "snapshots", "abc")).FullName;
        foreach (var (name, blob) in new[] { ("config.json", "c0"), ("model.safetensors", "5a") })
        {
            WriteSingle(_elsewhere);
            var target = Path.Combine(_folder.Path, "models--x", "blobs", blob);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Move(Path.Combine(_elsewhere.Path, name), target);
            File.CreateSymbolicLink(Path.Combine(snapshot, name), Path.Combine("..", "..", "blobs", blob));
        }

        using var checkpoint = Checkpoint.Open(snapshot);
        Assert.Single(checkpoint.Tensors.Names);
    }

    [Theory]
    [InlineData("../config.json")]
    [InlineData("prefill/../../config.json")]
    [InlineData("/etc/passwd")]
    [InlineData("")]
    public void A_name_that_leads_out_is_refused(string name)
    {
        WriteSingle(_folder);
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Equal(CheckpointErrorKind.OutsideFolder, Assert.Throws<CheckpointException>(() => checkpoint.Folder.Find(name)).Kind);
    }

    private static void WriteSingle(TemporaryFolder folder)
    {
        folder.Write("config.json", "{}");
        folder.Write("model.safetensors", SafetensorsWriter.Write(("a", [1], [1])));
    }

    private static void Link(TemporaryFolder folder, string name, string target)
    {
        var path = Path.Combine(folder.Path, name);
        File.Delete(path);
        File.CreateSymbolicLink(path, target);
    }

    private void WriteShards(string weightMap)
    {
        _folder.Write("config.json", "{}");
        _folder.Write("one.safetensors", SafetensorsWriter.Write(("a", [1], [1])));
        _folder.Write("two.safetensors", SafetensorsWriter.Write(("b", [1], [2])));
        _folder.Write("model.safetensors.index.json", $$"""{"weight_map":{{weightMap}}}""");
    }

    private CheckpointException AssertRefused(CheckpointErrorKind kind)
    {
        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.Path));
        Assert.True(error.Kind == kind, $"{error.Kind}, not {kind}: {error.Message}");
        return error;
    }
}
