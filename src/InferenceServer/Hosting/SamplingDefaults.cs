using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Hosting;

/// <summary>How a checkpoint wants its tokens drawn where a request does not say: its <c>generation_config.json</c>, an adapter's before its base's.</summary>
public sealed record SamplingDefaults(double Temperature = 1, double TopP = 1, int TopK = 0, double MinP = 0)
{
    private const double MaxTemperature = 2;

    /// <exception cref="CheckpointException">The file cannot be read, or a value is out of bounds.</exception>
    public static SamplingDefaults Read(string? adapter, string basis)
    {
        var folder = new[] { adapter, basis }.OfType<string>().Select(CheckpointFolder.Open)
            .FirstOrDefault(folder => folder.Contains(Checkpoint.GenerationConfigFileName));
        if (folder is null) return new SamplingDefaults();
        var config = ConfigSection.Load(folder, Checkpoint.GenerationConfigFileName);
        return config.FindFlag("do_sample") == false
            ? new SamplingDefaults(Temperature: 0)
            : new SamplingDefaults(
                config.FindNumber("temperature", 0, MaxTemperature) ?? 1,
                config.FindNumber("top_p", double.Epsilon, 1) ?? 1,
                Math.Max(0, config.FindInteger("top_k", -1, int.MaxValue) ?? 0), // -1 and 0 mean all
                config.FindNumber("min_p", 0, 1) ?? 0);
    }
}
