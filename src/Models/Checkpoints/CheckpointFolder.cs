namespace InferenceServer.Models.Checkpoints;

/// <summary>
/// The files of a checkpoint folder. A file may be a symbolic link, but what it leads to must lie in the folder, or,
/// where the folder is a snapshot of the Hugging Face cache (<c>REPO/snapshots/REVISION</c>), in <c>REPO/blobs</c>.
/// </summary>
public sealed class CheckpointFolder
{
    private const int MaxLinks = 40;

    private readonly List<string> _roots;

    private CheckpointFolder(string directory)
    {
        Directory = directory;
        _roots = [directory];
        var parent = Path.GetDirectoryName(directory);
        if (parent is not null && Path.GetFileName(parent) == "snapshots" && Path.GetDirectoryName(parent) is { } repository)
        {
            var blobs = Path.Combine(repository, "blobs");
            if (System.IO.Directory.Exists(blobs)) _roots.Add(RealPath(blobs));
        }
    }

    /// <summary>Absolute, with every link on the way resolved.</summary>
    public string Directory { get; }

    /// <exception cref="CheckpointException">There is no such folder.</exception>
    public static CheckpointFolder Open(string directory)
    {
        if (string.IsNullOrWhiteSpace(directory) || !System.IO.Directory.Exists(directory))
        {
            throw new CheckpointException(
                CheckpointErrorKind.FolderNotFound,
                directory,
                "There is no such folder. A model's path must name a folder with config.json and safetensors weights.");
        }

        return new CheckpointFolder(RealPath(directory));
    }

    /// <summary>
    /// The path to open for a file of the folder, null where there is none. The name may have folders, with '/'.
    /// </summary>
    /// <exception cref="CheckpointException">The name, or the link it is, leads out of the folder.</exception>
    public string? Find(string name)
    {
        if (!IsInside(name)) throw Outside(name, "The name leads out of the checkpoint folder.");
        var path = Path.Combine(Directory, name);
        if (!File.Exists(path)) return null;
        var real = RealPath(path);
        return _roots.Exists(root => real.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            ? real
            : throw Outside(name, "The file is a link that leads out of the checkpoint folder; copy the file there.");
    }

    public bool Contains(string name) => Find(name) is not null;

    /// <summary>The path of a file as messages should show it.</summary>
    public string Describe(string name) => Path.Combine(Directory, name);

    /// <summary>Names of the files that lie directly in the folder, or in one of its folders.</summary>
    public IEnumerable<string> FileNames(string subfolder = "") =>
        System.IO.Directory.EnumerateFiles(Path.Combine(Directory, subfolder)).Select(path => Path.GetFileName(path));

    private static bool IsInside(string name) =>
        name.Length > 0
        && !Path.IsPathRooted(name)
        && name.AsSpan().IndexOfAny(['\\', ':', '\0']) < 0
        && !name.Split('/').Any(part => part is "" or "." or "..");

    // Resolves links component by component; ResolveLinkTarget alone resolves only the last one.
    private static string RealPath(string path)
    {
        path = Path.GetFullPath(path);
        for (var links = 0; links < MaxLinks; links++)
        {
            var next = ResolveFirstLink(path);
            if (next is null) return Path.TrimEndingDirectorySeparator(path);
            path = next;
        }

        throw new CheckpointException(CheckpointErrorKind.Unreadable, path, "Too many symbolic links.");
    }

    private static string? ResolveFirstLink(string path)
    {
        var root = Path.GetPathRoot(path) ?? string.Empty;
        var parts = path[root.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
        var prefix = root;
        for (var i = 0; i < parts.Length; i++)
        {
            var parent = prefix;
            prefix = Path.Combine(prefix, parts[i]);
            if (new FileInfo(prefix).LinkTarget is not { } target) continue;
            return Path.GetFullPath(Path.Combine([parent, target, .. parts[(i + 1)..]]));
        }

        return null;
    }

    private CheckpointException Outside(string name, string problem) =>
        new(CheckpointErrorKind.OutsideFolder, Directory, problem, $"file '{name}'");
}
