using System.Text.Json.Nodes;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Tests.Conformance;

namespace InferenceServer.Models.Tests.Checkpoints;

/// <summary>A golden checkpoint with changes, in a folder of its own.</summary>
internal sealed class CheckpointCopy : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly JsonObject _config;
    private readonly Dictionary<string, Tensor> _tensors;
    private readonly Checkpoint _original;

    public CheckpointCopy(string golden)
    {
        _original = Checkpoint.Open(Golden.Folder(golden));
        _config = JsonNode.Parse(File.ReadAllText(System.IO.Path.Combine(Golden.Folder(golden), Checkpoint.ConfigFileName)))!.AsObject();
        _tensors = _original.Tensors.Names.ToDictionary(name => name, name => _original.Tensors.Find(name)!);
    }

    public string Path => _folder.Path;

    public string Write(string name, string text) => _folder.Write(name, text);

    /// <summary>Sets a key of config.json to a JSON text; null removes it.</summary>
    public CheckpointCopy With(string key, string? json)
    {
        if (json is null) _config.Remove(key);
        else _config[key] = JsonNode.Parse(json);
        return this;
    }

    public CheckpointCopy WithTensor(string name, params int[] shape)
    {
        _tensors[name] = Tensor.FromArray(name, shape, new float[shape.Aggregate(1, (product, dimension) => product * dimension)]);
        return this;
    }

    public CheckpointCopy Without(string tensor)
    {
        Assert.True(_tensors.Remove(tensor), $"{tensor} was not there to be removed.");
        return this;
    }

    /// <summary>Writes the folder and opens it.</summary>
    public Checkpoint Open()
    {
        _folder.Write(Checkpoint.ConfigFileName, _config.ToJsonString());
        _folder.Write(TensorSet.SingleFileName, SafetensorsWriter.Write(_tensors.Select(entry => (entry.Key, entry.Value)).Select(Renamed)));
        return Checkpoint.Open(_folder.Path);
    }

    public void Dispose()
    {
        _original.Dispose();
        _folder.Dispose();
    }

    private static (string Name, string DType, int[] Shape, byte[] Data) Renamed((string Name, Tensor Tensor) entry) => (
        entry.Name, entry.Tensor.DType.ToString(), entry.Tensor.Shape.ToArray(), entry.Tensor.Bytes(0, (int)entry.Tensor.Count).ToArray());
}
