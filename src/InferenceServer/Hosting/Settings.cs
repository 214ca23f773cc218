using InferenceServer.Access;
using InferenceServer.Models;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Tracing;
using Microsoft.Extensions.Configuration.Json;

namespace InferenceServer.Hosting;

/// <summary>All of the configuration, read once and checked before anything starts.</summary>
public sealed record Settings(ServerSettings Server, EngineSettings Engine, IReadOnlyList<ModelOptions> Models)
{
    private const string ModelsSection = "Models";

    public AccessSettings Access { get; init; } = new();

    public TelemetrySettings Telemetry { get; init; } = new();

    /// <exception cref="SettingsException">A setting is unknown, or cannot be used.</exception>
    public static Settings Read(IConfiguration configuration, string contentRoot)
    {
        var server = Bind<ServerSettings>(configuration, ServerSettings.Section);
        server.Validate();
        var engine = Bind<EngineSettings>(configuration, EngineSettings.Section);
        engine.Validate();
        var access = Bind<AccessSettings>(configuration, AccessSettings.Section);
        access.RequirePlainKeysFromEnvironment(configuration);
        access.Validate();
        var telemetry = Bind<TelemetrySettings>(configuration, TelemetrySettings.Section);
        telemetry.Validate();
        var models = Bind<List<ModelSettings>>(OfModels(configuration), ModelsSection).SelectMany((model, index) => Resolve(model, index, engine, contentRoot)).ToList();
        if (models.Count == 0) throw new SettingsException($"No model is configured: give one with --{ModelsSection}:0:Path DIR, or in {SettingsFolder.FileName}.");
        var twice = models.GroupBy(model => model.Name).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null) throw new SettingsException($"Two models have the name '{twice.Key}': set {ModelsSection}:N:Name.");
        return new Settings(server, engine, models) { Access = access, Telemetry = telemetry };
    }

    // Models named on the command line or in the environment are the ones to serve, not those and the files'.
    private static IConfiguration OfModels(IConfiguration configuration)
    {
        if (configuration is not IConfigurationRoot root) return configuration;
        var outside = root.Providers.Where(provider => provider is not JsonConfigurationProvider).ToList();
        return outside.Any(provider => provider.GetChildKeys([], ModelsSection).Any()) ? new ConfigurationRoot(outside) : configuration;
    }

    /// <summary>The model, and the adapters on it.</summary>
    private static IEnumerable<ModelOptions> Resolve(ModelSettings model, int index, EngineSettings engine, string contentRoot)
    {
        var section = $"{ModelsSection}:{index}";
        var device = Device(model.Device is null ? EngineSettings.Section : section, model.Device ?? engine.Device);
        var weights = (Section: model.Weights is null ? EngineSettings.Section : section, Name: model.Weights ?? engine.Weights);
        var embedded = device == CpuDecoderSource.Device;
        var path = Folder(section, model.Path, contentRoot);
        var options = new ModelOptions
        {
            Name = model.Name ?? LastPart(path),
            Path = path,
            Base = model.Base is null ? null : SettingsFolder.Resolve(model.Base, contentRoot),
            Method = Method(section, model.Method),
            Example = model.Example,
            Note = model.Note,
            Device = device,
            Cpu = new CpuOptions
            {
                Weights = embedded ? Weights(weights.Section, weights.Name) : default,
                Kv = Kv(model.Kv is null ? EngineSettings.Section : section, model.Kv ?? engine.Kv),
                Threads = engine.Threads,
            },
            Accelerator = engine.Accelerator with { Weights = embedded ? default : DeviceWeights(weights.Section, device, weights.Name) },
            KvMemory = engine.KvMemoryBytes,
            Engine = engine.Options,
        };
        return model.Adapters.Select((adapter, i) => Adapted(options, adapter, $"{section}:{nameof(model.Adapters)}:{i}", contentRoot)).Prepend(options);
    }

    private static ModelOptions Adapted(ModelOptions basis, AdapterSettings adapter, string section, string contentRoot)
    {
        var path = Folder(section, adapter.Path, contentRoot);
        return basis with { Name = adapter.Name ?? LastPart(path), Path = path, Base = basis.Path, Method = Method(section, adapter.Method), Example = adapter.Example, Note = adapter.Note };
    }

    private static string Folder(string section, string? path, string contentRoot) => string.IsNullOrWhiteSpace(path)
        ? throw new SettingsException($"{section}:Path is missing: name a checkpoint's folder.")
        : SettingsFolder.Resolve(path, contentRoot);

    private static string LastPart(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(path));

    private static ThinkingMethod? Method(string section, string? name)
    {
        var method = name is null ? null : ThinkingMethods.Parse(name);
        SettingsException.Require(method is not null || name is null, section, "Method", "plain, tas, bitune, icot_si, icot_kd, quiet_star or tpo", name);
        return method;
    }

    private static WeightFormat Weights(string section, string format) => format switch
    {
        "f32" => WeightFormat.F32,
        "bf16" => WeightFormat.BF16,
        "int8" => WeightFormat.Q8,
        "int4" => WeightFormat.Q4,
        _ => throw new SettingsException($"{section}:Weights must be f32, bf16, int8 or int4; it is '{format}'."),
    };

    private static KvFormat Kv(string section, string format) => format switch
    {
        "f32" => KvFormat.F32,
        "bf16" => KvFormat.BF16,
        "int8" => KvFormat.Q8,
        _ => throw new SettingsException($"{section}:Kv must be f32, bf16 or int8; it is '{format}'."),
    };

    private static DType DeviceWeights(string section, string device, string format) => format switch
    {
        "f32" => DType.F32,
        "bf16" => DType.BF16,
        "f16" => DType.F16,
        _ => throw new SettingsException($"{section}:Weights must be f32, bf16 or f16 on {device}; it is '{format}'."),
    };

    private static string Device(string section, string device)
    {
        if (BuiltEngines.All.Any(engine => engine.Runs(device))) return device;
        SettingsException.Require(BuiltEngines.IsKnown(device), section, "Device", "cpu, torch-cpu or cuda:N", device);
        throw new SettingsException($"{section}:Device is '{device}', but this build has no GPU engine: build it with -p:Torch=true (docs/gpu.md), or set cpu.");
    }

    private static T Bind<T>(IConfiguration configuration, string section)
        where T : new()
    {
        try
        {
            return configuration.GetSection(section).Get<T>(binder => binder.ErrorOnUnknownConfiguration = true) ?? new T();
        }
        catch (InvalidOperationException exception)
        {
            throw new SettingsException($"Section {section}: {exception.Message}{(exception.InnerException is { } inner ? " " + inner.Message : "")}");
        }
    }
}
