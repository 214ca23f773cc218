using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Models;

/// <summary>Which folders a configured model comes from.</summary>
/// <param name="Base">Folder of the whole model.</param>
/// <param name="Adapter">Folder of the adapter on it; null where the base itself is served.</param>
public sealed record ModelSource(ModelOptions Options, string Base, string? Adapter)
{
    /// <exception cref="CheckpointException">There is no such folder, or an adapter's base is not to be found.</exception>
    public static ModelSource Of(ModelOptions options)
    {
        var folder = CheckpointFolder.Open(options.Path).Directory;
        if (AdapterCheckpoint.IsIn(folder))
            return new ModelSource(options, CheckpointFolder.Open(AdapterCheckpoint.FindBase(folder, options.Base)).Directory, folder);
        return options.Base is null
            ? new ModelSource(options, folder, null)
            : throw new CheckpointException(
                CheckpointErrorKind.ConfigMissing,
                folder,
                $"The model '{options.Name}' names a base, but its folder holds no adapter.",
                expected: "adapter_config.json and adapter_model.safetensors, or no Base");
    }

    /// <summary>
    /// Models by the engine that runs them: adapters share the weights of their base, and of the base itself where that is
    /// served too, as long as they are to run alike. Order is kept.
    /// </summary>
    /// <exception cref="CheckpointException">A folder cannot be found.</exception>
    public static IReadOnlyList<IReadOnlyList<ModelSource>> Group(IEnumerable<ModelOptions> models)
    {
        var groups = new List<List<ModelSource>>();
        // Served bases first, so that adapters find theirs.
        foreach (var source in models.Select(Of).OrderBy(source => source.Adapter is null ? 0 : 1))
        {
            var group = source.Adapter is null ? null : groups.Find(group => group[0].RunsLike(source));
            if (group is null) groups.Add([source]);
            else group.Add(source);
        }

        return groups;
    }

    private bool RunsLike(ModelSource other) =>
        Base == other.Base && Options.Device == other.Options.Device && Options.Cpu == other.Options.Cpu && Options.Accelerator == other.Options.Accelerator && Options.KvMemory == other.Options.KvMemory && Options.Engine == other.Options.Engine;
}
