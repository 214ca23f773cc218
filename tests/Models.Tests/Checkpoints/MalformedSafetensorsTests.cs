using System.Text;
using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Models.Tests.Checkpoints;

/// <summary>Every way a file can break the format has an error of its own kind.</summary>
public sealed class MalformedSafetensorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, CheckpointErrorKind> Headers => new()
    {
        { "{ ", CheckpointErrorKind.HeaderNotJson },
        { "[]", CheckpointErrorKind.HeaderNotJson },
        { "\"a\"", CheckpointErrorKind.HeaderNotJson },
        { " {}", CheckpointErrorKind.HeaderNotJson },
        { "{}{}", CheckpointErrorKind.HeaderNotJson },
        { "{\"a\":}", CheckpointErrorKind.HeaderNotJson },
        { "{\"a\":1,}", CheckpointErrorKind.HeaderNotJson },
        { "{\"\\ud800\":" + Info() + "}", CheckpointErrorKind.HeaderNotJson },
        { "{\"a\":" + new string('[', 100) + new string(']', 100) + "}", CheckpointErrorKind.HeaderNotJson },
        { "{\"a\":" + Info() + ",\"a\":" + Info() + "}", CheckpointErrorKind.DuplicateName },
        { "{\"a\":" + Info() + ",\"\\u0061\":" + Info() + "}", CheckpointErrorKind.DuplicateName },
        { "{\"__metadata__\":{},\"__metadata__\":{}}", CheckpointErrorKind.DuplicateName },
        { "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", CheckpointErrorKind.DuplicateName },
        { "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,8]}}", CheckpointErrorKind.DuplicateName },
        { "{\"__metadata__\":[]}", CheckpointErrorKind.MetadataInvalid },
        { "{\"__metadata__\":{\"k\":1}}", CheckpointErrorKind.MetadataInvalid },
        { "{\"a\":1}", CheckpointErrorKind.TensorInfoInvalid },
        { "{\"a\":{}}", CheckpointErrorKind.TensorInfoInvalid },
        { "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", CheckpointErrorKind.TensorInfoInvalid },
        { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", CheckpointErrorKind.TensorInfoInvalid },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", CheckpointErrorKind.TensorInfoInvalid },
        { Tensor(dtype: "4"), CheckpointErrorKind.TensorInfoInvalid },
        { Tensor(shape: "2"), CheckpointErrorKind.TensorInfoInvalid },
        { Tensor(shape: "[\"2\"]"), CheckpointErrorKind.TensorInfoInvalid },
        { Tensor(shape: "[2.5]"), CheckpointErrorKind.TensorInfoInvalid },
        { Tensor(shape: "[1e400]"), CheckpointErrorKind.TensorInfoInvalid },
        { Tensor(offsets: "[0]"), CheckpointErrorKind.TensorInfoInvalid },
        { Tensor(offsets: "[0,8,8]"), CheckpointErrorKind.TensorInfoInvalid },
        { Tensor(offsets: "[0,null]"), CheckpointErrorKind.TensorInfoInvalid },
        { Tensor(dtype: "\"F33\""), CheckpointErrorKind.DTypeUnknown },
        { Tensor(dtype: "\"f32\""), CheckpointErrorKind.DTypeUnknown },
        { Tensor(shape: "[-2]"), CheckpointErrorKind.ShapeNegative },
        { Tensor(shape: "[-2,-1]"), CheckpointErrorKind.ShapeNegative },
        { Tensor(offsets: "[-8,0]"), CheckpointErrorKind.ShapeNegative },
        { Tensor(shape: "[18446744073709551615]"), CheckpointErrorKind.ShapeOverflow },
        { Tensor(shape: "[2147483648]"), CheckpointErrorKind.ShapeOverflow },
        { Tensor(shape: "[2147483647,2147483647,2147483647]"), CheckpointErrorKind.ShapeOverflow },
        { Tensor(shape: "[65536,65536,65536,65536,2]"), CheckpointErrorKind.ShapeOverflow },
        { Tensor(shape: "[2147483647,2147483647,1,2]"), CheckpointErrorKind.ShapeOverflow },
        { Tensor(offsets: "[8,0]"), CheckpointErrorKind.OffsetsInvalid },
        { Tensor(shape: "[3]"), CheckpointErrorKind.SizeMismatch },
        { Tensor(shape: "[1]"), CheckpointErrorKind.SizeMismatch },
        { Tensor(dtype: "\"F16\""), CheckpointErrorKind.SizeMismatch },
        { Tensor(dtype: "\"F4\"", shape: "[3]", offsets: "[0,2]"), CheckpointErrorKind.SizeMismatch },
        { Tensor(shape: "[2]", offsets: "[4,12]"), CheckpointErrorKind.OffsetsHole },
        { Two("[0,4]", "[5,9]"), CheckpointErrorKind.OffsetsHole },
        { Two("[0,4]", "[0,4]"), CheckpointErrorKind.OffsetsOverlap },
        { Two("[0,4]", "[3,7]"), CheckpointErrorKind.OffsetsOverlap },
        { Tensor(shape: "[3]", offsets: "[0,12]"), CheckpointErrorKind.FileTruncated },
        { Tensor(shape: "[1]", offsets: "[0,4]"), CheckpointErrorKind.TrailingBytes },
        { "{}", CheckpointErrorKind.TrailingBytes },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Headers))]
    public void A_broken_header_names_what_is_wrong(string header, CheckpointErrorKind kind) =>
        AssertRefused(SafetensorsWriter.Raw(header, new byte[8]), kind);

    [Fact]
    public void The_intact_form_of_these_headers_opens()
    {
        using var file = Open(SafetensorsWriter.Raw(Tensor(), new byte[8]));
        using var two = Open(SafetensorsWriter.Raw(Two("[0,4]", "[4,8]"), new byte[8]), "two.safetensors");
        Assert.Equal(3, file.Names.Concat(two.Names).Count());
    }

    [Theory]
    [InlineData(0ul, CheckpointErrorKind.HeaderLengthInvalid)]
    [InlineData(1ul, CheckpointErrorKind.HeaderLengthInvalid)]
    [InlineData(11ul, CheckpointErrorKind.FileTruncated)]
    [InlineData(100_000_000ul, CheckpointErrorKind.FileTruncated)]
    [InlineData(100_000_001ul, CheckpointErrorKind.HeaderTooLarge)]
    [InlineData(1ul << 63, CheckpointErrorKind.HeaderTooLarge)]
    [InlineData(ulong.MaxValue, CheckpointErrorKind.HeaderTooLarge)]
    public void A_wrong_header_length_is_refused(ulong length, CheckpointErrorKind kind) =>
        AssertRefused(SafetensorsWriter.Raw(length, "{}"u8.ToArray(), new byte[8]), kind);

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void A_file_too_short_for_a_header_length_is_refused(int length) => AssertRefused(new byte[length], CheckpointErrorKind.FileTruncated);

    [Theory]
    [InlineData(new byte[] { (byte)'{', (byte)'"', 0xFF, (byte)'"', (byte)':', (byte)'1', (byte)'}' })]
    [InlineData(new byte[] { (byte)'{', (byte)'"', 0xED, 0xA0, 0x80, (byte)'"', (byte)':', (byte)'1', (byte)'}' })]
    public void A_header_that_is_not_utf8_is_refused(byte[] header) =>
        AssertRefused(SafetensorsWriter.Raw(header, []), CheckpointErrorKind.HeaderNotUtf8);

    [Fact]
    public void Every_truncation_of_a_valid_file_is_refused()
    {
        var bytes = SafetensorsWriter.Write(("a", [2, 2], [1, 2, 3, 4]), ("b", [1], [5]));
        for (var length = 0; length < bytes.Length; length++)
            AssertRefused(bytes[..length], CheckpointErrorKind.FileTruncated);
    }

    [Fact]
    public void Appended_bytes_are_refused() =>
        AssertRefused([.. SafetensorsWriter.Write(("a", [1], [1])), 0], CheckpointErrorKind.TrailingBytes);

    [Fact]
    public void Random_damage_is_refused_or_harmless_and_never_anything_else()
    {
        var valid = SafetensorsWriter.Write(("layers.0.weight", [3, 5], new float[15]), ("bias", [5], new float[5]), ("none", [0], []));
        var headerLength = 8 + BitConverter.ToInt32(valid);
        var random = new Random(7);
        var (refused, opened) = (0, 0);
        for (var round = 0; round < 1500; round++)
        {
            var bytes = (byte[])valid.Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
                bytes[random.Next(headerLength)] = round % 2 == 0 ? (byte)random.Next(256) : "0123456789[]{}\",:-eE"u8[random.Next(20)];
            try
            {
                using var file = Open(bytes);
                foreach (var name in file.Names.ToList()) ReadAll(file, name);
                opened++;
            }
            catch (CheckpointException error)
            {
                Assert.NotEmpty(error.Message);
                refused++;
            }
        }

        Assert.True(refused > 500 && opened > 25, $"{refused} refused, {opened} opened: the damage tests too little.");
    }

    private static void ReadAll(SafetensorsFile file, string name)
    {
        try
        {
            var tensor = file.Get(name);
            tensor.Read(0, new float[tensor.Count]);
        }
        catch (CheckpointException error)
        {
            Assert.Equal(CheckpointErrorKind.DTypeUnsupported, error.Kind);
        }
    }

    private static string Info(string dtype = "\"F32\"", string shape = "[2]", string offsets = "[0,8]") =>
        $$"""{"dtype":{{dtype}},"shape":{{shape}},"data_offsets":{{offsets}}}""";

    private static string Tensor(string dtype = "\"F32\"", string shape = "[2]", string offsets = "[0,8]") =>
        $$"""{"a":{{Info(dtype, shape, offsets)}}}""";

    private static string Two(string first, string second) =>
        $$"""{"a":{{Info(shape: "[1]", offsets: first)}},"b":{{Info(shape: "[1]", offsets: second)}}}""";

    private SafetensorsFile Open(byte[] bytes, string name = "model.safetensors") => SafetensorsFile.Open(_folder.Write(name, bytes));

    private void AssertRefused(byte[] bytes, CheckpointErrorKind kind)
    {
        var error = Assert.Throws<CheckpointException>(() => Open(bytes));
        Assert.True(error.Kind == kind, $"{error.Kind}, not {kind}, for {Encoding.UTF8.GetString(bytes.Skip(8).ToArray())}: {error.Message}");
        Assert.Contains("model.safetensors", error.Message, StringComparison.Ordinal);
    }
}
