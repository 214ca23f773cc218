using System.Globalization;
using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models.Cpu;

namespace InferenceServer.Benchmarks;

/// <summary>Options of a command.</summary>
internal sealed class Options
{
    private readonly Dictionary<string, string> _values = [];

    /// <param name="known">As a command's help writes them: a name, and a word for its value unless it is a switch.</param>
    /// <exception cref="ArgumentException">An option is not known or lacks its value.</exception>
    public Options(string[] args, IReadOnlyList<string> known)
    {
        for (var i = 0; i < args.Length; i++)
        {
            var words = known.Select(option => option.Split(' ')).FirstOrDefault(words => words[0] == args[i])
                ?? throw new ArgumentException($"'{args[i]}' is not an option; --help lists them.");
            if (words.Length > 1 && i + 1 == args.Length) throw new ArgumentException($"{args[i]} needs a value.");
            _values[words[0]] = words.Length > 1 ? args[++i] : "";
        }
    }

    /// <summary>Whether it only has to be seen that the command works.</summary>
    public bool Quick => Flag("--quick");

    /// <summary>Cores of the machine or container unless given.</summary>
    public int Threads => Number("--threads", Environment.ProcessorCount);

    public KernelPath? Path => Choice<KernelPath>("--path");

    /// <summary>How the engine runs by the options, with the weights a benchmark chooses.</summary>
    public CpuOptions Cpu(WeightFormat weights = WeightFormat.F32) =>
        new() { Weights = weights, Kv = KvFormats.Parse(Text("--kv") ?? "f32"), Threads = Threads, Force = Path };

    public bool Flag(string name) => _values.ContainsKey(name);

    public string? Text(string name) => _values.GetValueOrDefault(name);

    public int Number(string name, int otherwise) => Text(name) is not { } text
        ? otherwise
        : int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number >= 0 ? number : throw Wrong(name, "a whole number");

    public double Real(string name, double otherwise) => Text(name) is not { } text
        ? otherwise
        : double.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : throw Wrong(name, "a number");

    public T? Choice<T>(string name)
        where T : struct, Enum => Text(name) is not { } text
        ? null
        : Enum.TryParse<T>(text, ignoreCase: true, out var choice) ? choice : throw Wrong(name, $"one of {string.Join(", ", Enum.GetNames<T>())}");

    public IReadOnlyList<int> Numbers(string name, params IReadOnlyList<int> otherwise) => Text(name) is not { } text
        ? otherwise
        : [.. text.Split(',').Select(part => int.TryParse(part, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : throw Wrong(name, "whole numbers with commas between"))];

    public IReadOnlyList<WeightFormat> Formats(params IReadOnlyList<WeightFormat> otherwise) =>
        Text("--formats") is { } text ? [.. text.Split(',').Select(WeightFormats.Parse)] : otherwise;

    public LlamaShape Shape(string otherwise, string name = "--shape") => LlamaShape.Named(Text(name) ?? otherwise);

    private ArgumentException Wrong(string name, string expected) => new($"{name} takes {expected}, not '{Text(name)}'.");
}
