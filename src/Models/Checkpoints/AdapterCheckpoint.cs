namespace InferenceServer.Models.Checkpoints;

/// <summary>
/// A folder saved by PEFT: an adapter that is applied to an unmerged base, and, where the folder is Bitune's (arXiv
/// 2405.14862), a second one in <c>prefill/</c> for the pass without a mask. Tensors stay on disk until read.
/// </summary>
public sealed class AdapterCheckpoint : IDisposable
{
    /// <summary>Modules whose tensors a Bitune adapter holds beside its own.</summary>
    public static readonly IReadOnlyList<string> BituneModules = ["pass_scale_k", "pass_scale_v"];

    private AdapterCheckpoint(CheckpointFolder folder)
    {
        Folder = folder;
        Lora = LoraConfig.Read(ConfigSection.Load(folder, PeftFiles.AdapterConfig), BituneModules);
        Config = Find(folder, Checkpoint.ConfigFileName);
        GenerationConfig = Find(folder, Checkpoint.GenerationConfigFileName);
        Tensors = TensorSet.OpenFile(folder, PeftFiles.AdapterWeights);
        if (!folder.Contains(PeftFiles.PrefillFolder + PeftFiles.AdapterConfig)) return;
        PrefillLora = LoraConfig.Read(ConfigSection.Load(folder, PeftFiles.PrefillFolder + PeftFiles.AdapterConfig), BituneModules);
        PrefillTensors = TensorSet.OpenFile(folder, PeftFiles.PrefillFolder + PeftFiles.AdapterWeights);
    }

    public CheckpointFolder Folder { get; }

    public LoraConfig Lora { get; }

    public TensorSet Tensors { get; }

    /// <summary>Bitune's second adapter; null elsewhere.</summary>
    public LoraConfig? PrefillLora { get; }

    public TensorSet? PrefillTensors { get; }

    /// <summary><c>config.json</c>, which Bitune writes beside its adapters and others usually do not.</summary>
    public ConfigSection? Config { get; }

    public ConfigSection? GenerationConfig { get; }

    /// <summary>Whether the folder holds an adapter.</summary>
    public static bool IsIn(string directory) => File.Exists(Path.Combine(directory, PeftFiles.AdapterConfig));

    /// <exception cref="CheckpointException">Anything about the folder that keeps the adapter from being applied.</exception>
    public static AdapterCheckpoint Open(string directory) => new(CheckpointFolder.Open(directory));

    /// <summary>
    /// The folder of the base model: the one given, else the adapter's own where it holds a model too, else what
    /// <c>base_model_name_or_path</c> names, seen from the adapter's folder.
    /// </summary>
    /// <exception cref="CheckpointException">There is no such folder; says what to set.</exception>
    public static string FindBase(string directory, string? given)
    {
        const string Key = "base_model_name_or_path";
        if (given is not null) return given;
        var folder = CheckpointFolder.Open(directory);
        if (folder.Contains(TensorSet.SingleFileName) || folder.Contains(ShardIndex.FileName)) return folder.Directory;
        var config = ConfigSection.Load(folder, PeftFiles.AdapterConfig);
        var named = config.FindText(Key);
        if (!string.IsNullOrWhiteSpace(named))
        {
            var path = Path.GetFullPath(named, folder.Directory);
            if (Directory.Exists(path)) return path;
        }

        throw new CheckpointException(
            CheckpointErrorKind.BaseMissing,
            config.File,
            "The folder holds an adapter, and its base model is not there. Set Base of this model to the base's folder.",
            $"key '{Key}'",
            "a folder, seen from the adapter's",
            named is null ? "nothing" : $"'{named}'");
    }

    public void Dispose()
    {
        Tensors.Dispose();
        PrefillTensors?.Dispose();
    }

    private static ConfigSection? Find(CheckpointFolder folder, string name) => folder.Contains(name) ? ConfigSection.Load(folder, name) : null;
}
