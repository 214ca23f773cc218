using System.Globalization;
using InferenceServer.Models;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Engine;

namespace InferenceServer.Hosting;

/// <summary>Section <c>Engine</c>: what runs the models. Every model has an engine of its own with these limits.</summary>
public sealed record EngineSettings
{
    public const string Section = "Engine";

    /// <summary>cpu; with the GPU engine built in also cuda:N and torch-cpu.</summary>
    public string Device { get; init; } = CpuDecoderSource.Device;

    /// <summary>On cpu f32, bf16, int8 or int4; on other devices f32, bf16 or f16.</summary>
    public string Weights { get; init; } = "f32";

    /// <summary>f32, bf16 or int8: how keys and values lie in memory.</summary>
    public string Kv { get; init; } = "f32";

    /// <summary>Threads that compute; 0 = as many as the machine or container allows.</summary>
    public int Threads { get; init; }

    public int MaxRunning { get; init; } = new EngineOptions().MaxRunning;

    public int MaxWaiting { get; init; } = new EngineOptions().MaxWaiting;

    /// <summary>Prompt tokens that may wait over all requests.</summary>
    public int MaxWaitingTokens { get; init; } = new EngineOptions().MaxWaitingTokens;

    /// <summary>Rows of one step over all requests; at least MaxRunning.</summary>
    public int StepRows { get; init; } = new EngineOptions().StepRows;

    /// <summary>Whether finished prompts are kept for those that begin alike.</summary>
    public bool PrefixCache { get; init; } = new EngineOptions().PrefixCache;

    /// <summary>A file for a timeline of every step (Chrome trace format).</summary>
    public string? TraceFile { get; init; }

    /// <summary>KV memory of each model: bytes, or with KB, MB or GB (powers of 1024); null = a quarter of the memory the process may use.</summary>
    public string? KvMemory { get; init; }

    /// <summary>On a GPU, where KvMemory does not say: share of the memory left by the weights that KV may take.</summary>
    public double KvFraction { get; init; } = new AcceleratorOptions().KvFraction;

    internal AcceleratorOptions Accelerator => new() { KvFraction = KvFraction, Threads = Threads };

    internal EngineOptions Options => new()
    {
        MaxRunning = MaxRunning,
        MaxWaiting = MaxWaiting,
        MaxWaitingTokens = MaxWaitingTokens,
        StepRows = StepRows,
        PrefixCache = PrefixCache,
        TraceFile = TraceFile,
    };

    internal long? KvMemoryBytes => string.IsNullOrWhiteSpace(KvMemory)
        ? null
        : ParseBytes(KvMemory) ?? throw new SettingsException($"{Section}:{nameof(KvMemory)} must be a size such as 512MB or 4GB; it is '{KvMemory}'.");

    /// <exception cref="SettingsException">Names the setting and what it may be.</exception>
    internal void Validate()
    {
        SettingsException.Require(Threads is >= 0 and <= 1024, Section, nameof(Threads), "0 to 1024", Threads);
        SettingsException.Require(MaxRunning is >= 1 and <= 4096, Section, nameof(MaxRunning), "1 to 4096", MaxRunning);
        SettingsException.Require(MaxWaiting is >= 0 and <= 1_000_000, Section, nameof(MaxWaiting), "0 to 1000000", MaxWaiting);
        SettingsException.Require(MaxWaitingTokens >= 1, Section, nameof(MaxWaitingTokens), "at least 1", MaxWaitingTokens);
        SettingsException.Require(
            StepRows >= MaxRunning && StepRows <= 65_536, Section, nameof(StepRows), $"{nameof(MaxRunning)} ({MaxRunning}) to 65536", StepRows);
        SettingsException.Require(KvFraction is > 0 and <= 1, Section, nameof(KvFraction), "more than 0, at most 1", KvFraction);
        SettingsException.Require(KvMemoryBytes is null or > 0, Section, nameof(KvMemory), "more than 0", KvMemory);
    }

    private static long? ParseBytes(string text)
    {
        var units = new (string Unit, int Shift)[] { ("KB", 10), ("MB", 20), ("GB", 30), ("", 0) };
        var trimmed = text.Trim();
        var (unit, shift) = Array.Find(units, entry => trimmed.EndsWith(entry.Unit, StringComparison.OrdinalIgnoreCase));
        var digits = trimmed[..^unit.Length].TrimEnd();
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= long.MaxValue >> shift
            ? number << shift
            : null;
    }
}
