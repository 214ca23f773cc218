namespace InferenceServer.Models.Checkpoints;

/// <summary>
/// An open checkpoint folder: its configuration and its tensors, which stay where they are on disk until read.
/// Everything built from it is valid until it is disposed.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    public const string ConfigFileName = "config.json";

    public const string GenerationConfigFileName = "generation_config.json";

    private readonly List<string> _warnings = [];
    private readonly List<Checkpoint> _parts = [];

    private Checkpoint(CheckpointFolder folder, ConfigSection config, ConfigSection? generationConfig, TensorSet tensors)
    {
        Folder = folder;
        Config = config;
        GenerationConfig = generationConfig;
        Tensors = tensors;
    }

    public CheckpointFolder Folder { get; }

    public string Directory => Folder.Directory;

    /// <summary><c>config.json</c>.</summary>
    public ConfigSection Config { get; }

    /// <summary><c>generation_config.json</c>, where there is one.</summary>
    public ConfigSection? GenerationConfig { get; }

    public TensorSet Tensors { get; }

    /// <summary>What was assumed while a model was built from this checkpoint, for the server's log.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <exception cref="CheckpointException">Anything about the folder that keeps it from being loaded.</exception>
    public static Checkpoint Open(string directory)
    {
        var folder = CheckpointFolder.Open(directory);
        var config = ConfigSection.Load(folder, ConfigFileName);
        var generation = folder.Contains(GenerationConfigFileName) ? ConfigSection.Load(folder, GenerationConfigFileName) : null;
        return new Checkpoint(folder, config, generation, TensorSet.Open(folder));
    }

    /// <summary>The ids that end a text: of <c>generation_config.json</c>, else of <c>config.json</c>; may be empty.</summary>
    public IReadOnlyList<int> EndOfTextIds(int vocabularySize) => EndOfTextIds(GenerationConfig, Config, vocabularySize) ?? [];

    /// <summary>The ids that end a text, null where neither file names one.</summary>
    public static IReadOnlyList<int>? EndOfTextIds(ConfigSection? generationConfig, ConfigSection? config, int vocabularySize)
    {
        const string Key = "eos_token_id";
        const int MaxIds = 64;
        return generationConfig?.FindIntegers(Key, 0, vocabularySize - 1, MaxIds) ?? config?.FindIntegers(Key, 0, vocabularySize - 1, MaxIds);
    }

    /// <summary>A checkpoint in a folder of this one, such as ICoT-KD's emulator; it is closed with this one.</summary>
    /// <exception cref="CheckpointException">Anything about the folder that keeps it from being loaded.</exception>
    public Checkpoint OpenPart(string folder)
    {
        var part = Open(Path.Combine(Directory, folder));
        _parts.Add(part);
        return part;
    }

    public void Dispose()
    {
        Tensors.Dispose();
        foreach (var part in _parts) part.Dispose();
    }

    internal void Warn(string assumption) => _warnings.Add($"{Directory}: {assumption}");
}
