using System.Diagnostics;
using InferenceServer.Errors;
using InferenceServer.Models;
using InferenceServer.Models.Engine;

namespace InferenceServer.Hosting;

/// <summary>The models this server serves, while they load and once they have.</summary>
public sealed class ModelRegistry(Settings settings, ILoggerFactory loggers) : IDisposable
{
    private readonly ModelSlot[] _slots = [.. settings.Models.Select(options => new ModelSlot(options))];
    private volatile bool _draining;
    private volatile bool _refusing;

    public IReadOnlyList<ModelSlot> Slots => _slots;

    public bool IsDraining => _draining;

    /// <summary>Requests submitted to any engine and not finished.</summary>
    public int Unfinished => Engines.Sum(engine => engine.Unfinished);

    /// <summary>Those that are loaded; several models may share one.</summary>
    public IEnumerable<InferenceEngine> Engines => _slots.Select(slot => slot.Model?.Engine).OfType<InferenceEngine>().Distinct();

    /// <summary>Null when every model takes requests; else why not.</summary>
    public string? NotReady
    {
        get
        {
            if (_draining) return "draining";
            if (_slots.Any(slot => slot.Model is null)) return "loading";
            return _slots.Any(slot => slot.Model!.Engine.Unhealthy is not null) ? "unhealthy" : null;
        }
    }

    /// <summary>Loads all models, several at once; those that share a base into one engine.</summary>
    public Task LoadAsync() => Task.Run(() => Task.WhenAll(ModelSource.Group(_slots.Select(slot => slot.Options)).Select(group => Task.Run(() => Load(group)))));

    /// <summary>From now on the server is not ready: whoever asks before sending sends elsewhere.</summary>
    public void Drain() => _draining = true;

    /// <summary>From now on no request is taken; those that run go on.</summary>
    public void Refuse() => _refusing = true;

    /// <summary>Ends what runs: every client is told that the server is being stopped.</summary>
    public void End()
    {
        foreach (var engine in Engines) engine.Dispose();
    }

    /// <summary>Refuses, before anything of it is read, a request that could only be refused later.</summary>
    /// <exception cref="ApiException">503: the server is being stopped. 429: every queue is full.</exception>
    public void RequireRoom()
    {
        RequireNotDraining();
        var busy = Engines.Select(engine => engine.Busy).ToList();
        if (busy.Count > 0 && busy.TrueForAll(full => full is not null)) throw ApiException.Busy(busy.MinBy(full => full!.RetryAfter)!);
    }

    /// <summary>The same for one model, before its request costs a token's work. Says nothing of a model there is not.</summary>
    /// <exception cref="ApiException">429: its queue is full.</exception>
    public void RequireRoom(string name)
    {
        if (Array.Find(_slots, slot => slot.Options.Name == name)?.Model?.Engine.Busy is { } full) throw ApiException.Busy(full);
    }

    /// <exception cref="ApiException">404: no such model. 503: it takes no requests now.</exception>
    public ReadyModel Require(string name)
    {
        RequireNotDraining();
        var slot = Find(name);
        var ready = slot.Ready ?? throw ApiException.Unavailable($"The model '{slot.Options.Name}' is loading.", "model_loading", retryAfter: 1);
        if (ready.Model.Engine.Unhealthy is not null)
            throw ApiException.Unavailable($"The engine of '{name}' is unhealthy; the server must be restarted.", "engine_unhealthy", retryAfter: 30);
        return ready;
    }

    /// <exception cref="ApiException">404: no such model.</exception>
    public ModelSlot Find(string name) => Array.Find(_slots, slot => slot.Options.Name == name) ?? throw new ApiException(
        StatusCodes.Status404NotFound,
        $"The model '{(name.Length <= 64 ? name : name[..64] + "…")}' does not exist; this server has {string.Join(", ", _slots.Select(slot => slot.Options.Name))}.",
        "model_not_found",
        "model");

    public void Dispose()
    {
        foreach (var slot in _slots) slot.Model?.Dispose();
    }

    private void RequireNotDraining()
    {
        if (_refusing) throw ApiException.Unavailable("The server is shutting down.", "draining", retryAfter: 5);
    }

    private void Load(IReadOnlyList<ModelSource> sources)
    {
        var clock = Stopwatch.StartNew();
        var defaults = sources.Select(source => SamplingDefaults.Read(source.Adapter, source.Base)).ToList();
        var slots = sources.Select(source => Array.Find(_slots, slot => slot.Options == source.Options)!).ToList();
        var progress = new LoadReport(slots[0].Options.Name, share => slots.ForEach(slot => slot.LoadedShare = share), loggers.CreateLogger<LoadReport>());
        var group = ModelLoader.Load(sources, loggers.CreateLogger<ServedModel>(), progress, BuiltEngines.All);
        for (var i = 0; i < sources.Count; i++)
            slots[i].Ready = new ReadyModel(group.Models[i], defaults[i], clock.Elapsed);
    }
}

/// <summary>A configured model and, once it is loaded, the model itself.</summary>
public sealed class ModelSlot(ModelOptions options)
{
    private volatile ReadyModel? _ready;
    private double _loadedShare;

    public ModelOptions Options { get; } = options;

    public DateTimeOffset Created { get; } = DateTimeOffset.UtcNow;

    /// <summary>Null while it loads.</summary>
    public ReadyModel? Ready
    {
        get => _ready;
        internal set => _ready = value;
    }

    public ServedModel? Model => _ready?.Model;

    /// <summary>Share of the weights that are read and packed, 0 to 1.</summary>
    public double LoadedShare
    {
        get => Volatile.Read(ref _loadedShare);
        internal set => Volatile.Write(ref _loadedShare, value);
    }
}

/// <summary>A loaded model, how it draws where a request does not say, and how long loading took.</summary>
public sealed record ReadyModel(ServedModel Model, SamplingDefaults Defaults, TimeSpan LoadTime);
