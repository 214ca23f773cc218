namespace InferenceServer.Models.Checkpoints;

/// <summary>What is wrong with a checkpoint, for programs; the message is for people.</summary>
public enum CheckpointErrorKind
{
    FolderNotFound,
    Unreadable,
    OutsideFolder,

    ConfigMissing,
    ConfigInvalid,

    WeightsMissing,
    PickleRefused,
    IndexInvalid,
    ShardMissing,
    TensorInTwoShards,

    FileTruncated,
    HeaderLengthInvalid,
    HeaderTooLarge,
    HeaderNotUtf8,
    HeaderNotJson,
    DuplicateName,
    MetadataInvalid,
    TensorInfoInvalid,
    DTypeUnknown,
    ShapeNegative,
    ShapeOverflow,
    OffsetsInvalid,
    OffsetsOverlap,
    OffsetsHole,
    SizeMismatch,
    TrailingBytes,

    TensorMissing,
    ShapeMismatch,
    DTypeUnsupported,

    ArchitectureUnsupported,
    AdapterUnsupported,
    BaseMissing,
    ThinkingInvalid,
    MethodUnsupported,
}

/// <summary>A checkpoint that cannot be loaded: which file, which tensor or key, what was expected and what was found.</summary>
public sealed class CheckpointException : Exception
{
    public CheckpointException(
        CheckpointErrorKind kind,
        string file,
        string problem,
        string? subject = null,
        string? expected = null,
        string? found = null,
        Exception? innerException = null)
        : base(Describe(file, problem, subject, expected, found), innerException)
    {
        Kind = kind;
        File = file;
        Subject = subject;
        Expected = expected;
        Found = found;
    }

    public CheckpointErrorKind Kind { get; }

    /// <summary>Path of the file or folder at fault.</summary>
    public string File { get; }

    /// <summary>The tensor or configuration key at fault, if there is one.</summary>
    public string? Subject { get; }

    public string? Expected { get; }

    public string? Found { get; }

    private static string Describe(string file, string problem, string? subject, string? expected, string? found)
    {
        var text = subject is null ? $"{file}: {problem}" : $"{file}: {subject}: {problem}";
        if (expected is not null) text += $" Expected {expected}.";
        if (found is not null) text += $" Found {found}.";
        return text;
    }
}
