using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Architectures;

/// <summary>
/// ICoT-KD (arXiv 2311.01460): the folder is the student, <c>emulator/</c> in it the emulator, each a whole model with small
/// nets beside it. They become one stack, the emulator's layers under the student's; its head is not used.
/// </summary>
internal static class IcotKdParts
{
    private const string EmulatorFolder = "emulator";
    private const double PublishedTemperature = 0.05;

    /// <exception cref="CheckpointException">The emulator is missing, or something of the two does not fit.</exception>
    public static DecoderSpec Add(DecoderSpec student, Checkpoint checkpoint)
    {
        if (!Directory.Exists(Path.Combine(checkpoint.Directory, EmulatorFolder)))
        {
            throw new CheckpointException(
                CheckpointErrorKind.MethodUnsupported,
                checkpoint.Directory,
                "An ICoT-KD model is two: the folder holds the student, and the emulator is not there.",
                expected: $"a folder '{EmulatorFolder}' with config.json and model.safetensors");
        }

        var files = checkpoint.OpenPart(EmulatorFolder);
        var emulator = ArchitectureRegistry.Build(files);
        RequireSame(files, "layers", student.Layers.Count, emulator.Layers.Count);
        RequireSame(files, "hidden size", student.HiddenSize, emulator.HiddenSize);
        RequireSame(files, "vocabulary", student.VocabularySize, emulator.VocabularySize);
        return student with
        {
            MaxPositions = Math.Min(student.MaxPositions, emulator.MaxPositions),
            Layers = [.. emulator.Layers, .. student.Layers],
            Embeddings = [emulator.Embeddings[0], student.Embeddings[0]],
            Cuts = [student.Layers.Count],
            SideNets = [Emulator(files, emulator), Student(checkpoint, student)],
        };
    }

    private static EmulatorSpec Emulator(Checkpoint files, DecoderSpec spec)
    {
        const string Mixture = "mixture_components.weight";
        var hidden = spec.HiddenSize;
        var weights = new WeightReader(files.Tensors, string.Empty);
        var components = files.Config.FindInteger("mixture_size", 1, ModelLimits.Hidden) ?? files.Tensors.Find(Mixture)?.Shape[0] ?? 1;
        return new EmulatorSpec(
            Mlps(weights, spec.Layers.Count, inputs: 2 * hidden, hidden),
            weights.Matrix(Mixture, components, hidden),
            (float)(files.Config.FindNumber("softmax_temperature", 1e-6, 1e6) ?? PublishedTemperature),
            Gates(weights, "ih", hidden),
            Gates(weights, "hh", hidden),
            weights.Linear("key_proj", hidden, hidden, bias: true),
            weights.Linear("query_proj", hidden, hidden, bias: true),
            weights.Linear("out_proj", hidden, 2 * hidden, bias: true));
    }

    private static PerLayerMlpSpec Student(Checkpoint checkpoint, DecoderSpec spec) =>
        new(Mlps(new WeightReader(checkpoint.Tensors, string.Empty), spec.Layers.Count, spec.HiddenSize, spec.HiddenSize));

    private static List<(Linear In, Linear Out)> Mlps(WeightReader weights, int layers, int inputs, int hidden) =>
    [
        .. Enumerable.Range(0, layers).Select(layer => (
            weights.Linear($"mlps.{layer}.0", 4 * hidden, inputs, bias: true),
            weights.Linear($"mlps.{layer}.2", hidden, 4 * hidden, bias: true))),
    ];

    // The four gates of PyTorch's LSTM, one under the other: i, f, g, o.
    private static Linear Gates(WeightReader weights, string part, int hidden) =>
        new(weights.Matrix($"rnn.weight_{part}_l0", 4 * hidden, hidden), weights.Vector($"rnn.bias_{part}_l0", 4 * hidden));

    private static void RequireSame(Checkpoint files, string what, int student, int emulator)
    {
        if (student == emulator) return;
        throw new CheckpointException(
            CheckpointErrorKind.ConfigInvalid, files.Config.File, $"Emulator and student must have the same {what}.", null, $"{student}, as the student", $"{emulator}");
    }
}
