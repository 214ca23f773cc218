using System.Globalization;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Cpu.Weights;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Checkpoints;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Tensors_are_read_back_as_written()
    {
        using var file = Open(SafetensorsWriter.Write(("b", [2, 3], [1, 2, 3, 4, 5, 6]), ("a", [2], [-1, 0.5f])));
        var tensor = file.Get("b");
        Assert.Equal([2, 3], tensor.Shape);
        Assert.Equal(DType.F32, tensor.DType);
        var values = new float[2];
        tensor.Read(3, values);
        Assert.Equal([4, 5], values);
        file.Get("a").Read(0, values);
        Assert.Equal([-1, 0.5f], values);
    }

    [Fact]
    public void Half_and_brain_floats_widen_exactly()
    {
        byte[] half = [0x00, 0x3C, 0x01, 0x00, 0xFF, 0xFB]; // 1, the smallest subnormal, -65504
        byte[] brain = [0x80, 0x3F, 0x40, 0xC0, 0x80, 0x7F]; // 1, -3, infinity
        using var file = Open(SafetensorsWriter.Write([("half", "F16", [3], half), ("brain", "BF16", [3], brain)]));
        var values = new float[3];
        file.Get("half").Read(0, values);
        Assert.Equal([1, 5.9604645e-8f, -65504], values);
        file.Get("brain").Read(0, values);
        Assert.Equal([1, -3, float.PositiveInfinity], values);
    }

    [Fact]
    public void Data_need_no_alignment_and_may_stand_in_any_order_in_the_header()
    {
        const string Header = """
            {"late":{"dtype":"F32","shape":[1],"data_offsets":[1,5]},"mask":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}
            """;
        using var file = Open(SafetensorsWriter.Raw(Header.Trim(), [1, .. SafetensorsWriter.Bytes([7])]));
        var values = new float[1];
        file.Get("late").Read(0, values);
        Assert.Equal(7, values[0]);
    }

    [Fact]
    public void Scalars_empty_tensors_metadata_and_padding_are_legal()
    {
        const string Header = """
            {"__metadata__":{"format":"pt"},"scalar":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"none":{"dtype":"F32","shape":[0,5],"data_offsets":[4,4]}}   
            """;
        using var file = Open(SafetensorsWriter.Raw(Header.Trim('\n', '\r'), SafetensorsWriter.Bytes([3])));
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(1, file.Get("scalar").Count);
        Assert.Equal(0, file.Get("none").Count);
        Assert.Equal(["scalar", "none"], file.Names);
    }

    [Fact]
    public void A_file_without_tensors_is_legal()
    {
        using var file = Open(SafetensorsWriter.Raw("{}", []));
        Assert.Empty(file.Names);
    }

    [Fact]
    public void A_type_that_no_weight_has_is_listed_but_refused_when_asked_for()
    {
        using var file = Open(SafetensorsWriter.Write([("steps", "I64", [1], new byte[8])]));
        Assert.True(file.Contains("steps"));
        var error = Assert.Throws<CheckpointException>(() => file.Get("steps"));
        Assert.Equal(CheckpointErrorKind.DTypeUnsupported, error.Kind);
        Assert.Equal(("F32, F16 or BF16", "I64"), (error.Expected, error.Found));
    }

    [Fact]
    public void Reading_beyond_a_tensor_or_after_closing_throws()
    {
        var file = Open(SafetensorsWriter.Write(("a", [2], [1, 2]), ("b", [1], [3])));
        var tensor = file.Get("a");
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Read(1, new float[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Bytes(-1, 1).Length);
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tensor.Read(0, new float[1]));
    }

    [Fact]
    public void A_missing_file_is_a_checkpoint_error()
    {
        var error = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(Path.Combine(_folder.Path, "absent.safetensors")));
        Assert.Equal(CheckpointErrorKind.Unreadable, error.Kind);
    }

    private SafetensorsFile Open(byte[] bytes) => SafetensorsFile.Open(_folder.Write("model.safetensors", bytes));

    [Fact]
    public void What_was_packed_no_longer_counts_as_memory_and_can_still_be_read()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The share of a file in memory is read from /proc.");
        var values = new float[512 * 1024];
        for (var i = 0; i < values.Length; i++) values[i] = i;
        using var file = Open(SafetensorsWriter.Write(("weight", [512, 1024], values)));
        var matrix = Matrix.Of(file.Get("weight"));
        var before = Resident(file.Path);
        Assert.Equal(values, matrix.ToArray());
        Assert.InRange(Resident(file.Path) - before, 2000, 2100);
        using var packed = PackedMatrix.Pack(WeightFormat.Q4, 2, matrix);
        Assert.InRange(Resident(file.Path), 0, 16);
        Assert.Equal(values, matrix.ToArray());
    }

    /// <summary>Kilobytes of a mapped file that count as memory of this process.</summary>
    private static int Resident(string path)
    {
        var line = File.ReadLines("/proc/self/smaps")
            .SkipWhile(line => !line.EndsWith(path, StringComparison.Ordinal))
            .First(line => line.StartsWith("Rss:", StringComparison.Ordinal));
        return int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
