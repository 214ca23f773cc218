namespace InferenceServer.Models.Checkpoints;

/// <summary>All tensors of a checkpoint, from one file or from shards.</summary>
public sealed class TensorSet : IDisposable
{
    public const string SingleFileName = "model.safetensors";

    private static readonly string[] PickleSuffixes = [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"];

    private readonly CheckpointFolder _folder;
    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, SafetensorsFile> _byName = [];

    private TensorSet(CheckpointFolder folder) => _folder = folder;

    public IReadOnlyCollection<string> Names => _byName.Keys;

    /// <summary>Opens <c>model.safetensors</c>, or the shards of <c>model.safetensors.index.json</c>.</summary>
    /// <exception cref="CheckpointException">There are no safetensors, or one of the files breaks its format.</exception>
    public static TensorSet Open(CheckpointFolder folder)
    {
        var set = new TensorSet(folder);
        try
        {
            if (folder.Find(SingleFileName) is { } single) set.Add(SafetensorsFile.Open(single));
            else if (folder.Contains(ShardIndex.FileName)) set.AddShards(ShardIndex.Read(folder));
            else throw Absent(folder, "", $"{SingleFileName}, or {ShardIndex.FileName} with its shards");
            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    /// <summary>Opens one file that is no model's own, such as an adapter's.</summary>
    /// <exception cref="CheckpointException">It is not there, or breaks its format.</exception>
    public static TensorSet OpenFile(CheckpointFolder folder, string name)
    {
        var path = folder.Find(name) ?? throw Absent(folder, Path.GetDirectoryName(name) ?? "", $"'{name}'");
        var set = new TensorSet(folder);
        set.Add(SafetensorsFile.Open(path));
        return set;
    }

    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>A tensor by name, null where there is none.</summary>
    public Tensor? Find(string name) => _byName.TryGetValue(name, out var file) ? file.Get(name) : null;

    /// <summary>A tensor by name, of exactly the given shape.</summary>
    /// <exception cref="CheckpointException">It is missing, of another shape, or not F32, F16 or BF16.</exception>
    public Tensor Get(string name, params ReadOnlySpan<int> shape)
    {
        var tensor = Find(name) ?? throw new CheckpointException(
            CheckpointErrorKind.TensorMissing,
            _files.Count == 1 ? _files[0].Path : _folder.Describe(ShardIndex.FileName),
            "The checkpoint has no such tensor.",
            $"tensor '{name}'",
            $"shape [{string.Join(", ", shape.ToArray())}]");
        if (shape.SequenceEqual(tensor.Shape.ToArray())) return tensor;
        throw new CheckpointException(
            CheckpointErrorKind.ShapeMismatch,
            _byName[name].Path,
            "The tensor's shape does not fit config.json.",
            $"tensor '{name}'",
            $"[{string.Join(", ", shape.ToArray())}]",
            $"[{string.Join(", ", tensor.Shape)}]");
    }

    /// <summary>The first prefix with which a tensor of this name exists, null where none fits.</summary>
    public string? PrefixOf(string name, params ReadOnlySpan<string> prefixes)
    {
        foreach (var prefix in prefixes)
        {
            if (_byName.ContainsKey(prefix + name)) return prefix;
        }

        return null;
    }

    public string Folder => _folder.Directory;

    /// <summary>The file that holds a tensor, for messages.</summary>
    public string FileOf(string name) => _byName.TryGetValue(name, out var file) ? file.Path : _folder.Directory;

    public void Dispose()
    {
        foreach (var file in _files) file.Dispose();
    }

    private void Add(SafetensorsFile file)
    {
        _files.Add(file);
        foreach (var name in file.Names)
        {
            if (_byName.TryAdd(name, file)) continue;
            throw new CheckpointException(
                CheckpointErrorKind.TensorInTwoShards, file.Path, $"{_byName[name].Path} holds a tensor of this name too.", $"tensor '{name}'");
        }
    }

    private void AddShards(IReadOnlyDictionary<string, string> index)
    {
        var opened = new Dictionary<string, SafetensorsFile>();
        foreach (var shard in index.Values.Distinct().Order(StringComparer.Ordinal))
        {
            var path = _folder.Find(shard) ?? throw new CheckpointException(
                CheckpointErrorKind.ShardMissing,
                _folder.Describe(shard),
                $"{ShardIndex.FileName} names this shard, but it is not there. Download the whole checkpoint.");
            Add(opened[shard] = SafetensorsFile.Open(path));
        }

        foreach (var (tensor, shard) in index)
        {
            if (opened[shard].Contains(tensor)) continue;
            throw new CheckpointException(
                CheckpointErrorKind.IndexInvalid,
                _folder.Describe(shard),
                $"{ShardIndex.FileName} says that this shard holds the tensor, but it does not.",
                $"tensor '{tensor}'");
        }
    }

    private static CheckpointException Absent(CheckpointFolder folder, string subfolder, string expected)
    {
        var pickle = folder.FileNames(subfolder).Order(StringComparer.Ordinal).FirstOrDefault(IsPickle);
        var problem = folder.Contains(PeftFiles.AdapterConfig) && subfolder.Length == 0 && expected.Contains(SingleFileName, StringComparison.Ordinal)
            ? "The folder holds an adapter without its base model."
            : "The folder holds no weights.";
        return pickle is null
            ? new CheckpointException(CheckpointErrorKind.WeightsMissing, folder.Describe(subfolder), problem, expected: expected)
            : new CheckpointException(
                CheckpointErrorKind.PickleRefused,
                folder.Describe(Path.Combine(subfolder, pickle)),
                "This is a pickle. Pickles can run code and are never loaded: convert the weights to safetensors first (training/convert).",
                expected: expected);
    }

    private static bool IsPickle(string name) =>
        Array.Exists(PickleSuffixes, suffix => name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase));
}
