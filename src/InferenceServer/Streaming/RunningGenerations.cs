using System.Collections.Concurrent;
using InferenceServer.Access;
using InferenceServer.Errors;

namespace InferenceServer.Streaming;

/// <summary>Streams under way, by the id of their response, so that other requests can command them.</summary>
public sealed class RunningGenerations
{
    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public int Count => _entries.Count;

    /// <param name="takesBack">Whether the stream's format can tell its client to forget what was sent.</param>
    /// <returns>Takes it off the list again.</returns>
    public IDisposable Add(GenerationRun run, bool takesBack)
    {
        var entry = new Entry(this, run, takesBack);
        _entries[run.Request.Id] = entry;
        return entry;
    }

    public bool Contains(string id) => _entries.ContainsKey(id);

    /// <exception cref="ApiException">403: the caller's key commands nothing. 404: nothing of this id runs, or another key started it.</exception>
    public (GenerationRun Run, bool TakesBack) Require(string id, HttpContext context)
    {
        var caller = Caller.Of(context);
        if (!caller.MayCommand) throw new ApiException(StatusCodes.Status403Forbidden, "This API key may not command streams.", "commands_not_allowed");
        return _entries.TryGetValue(id, out var entry) && entry.Run.Caller.Is(caller) ? (entry.Run, entry.TakesBack) : throw NotFound();
    }

    public static ApiException NotFound() => new(
        StatusCodes.Status404NotFound,
        "No stream of this id is running: it has ended, or never was. The id is in the X-Generation-Id header and the first event.",
        "generation_not_found",
        "id");

    private sealed class Entry(RunningGenerations owner, GenerationRun run, bool takesBack) : IDisposable
    {
        public GenerationRun Run => run;

        public bool TakesBack => takesBack;

        public void Dispose() => owner._entries.TryRemove(run.Request.Id, out _);
    }
}
