namespace InferenceServer.Models.Checkpoints;

/// <summary>
/// Every element type the safetensors format names. A file may hold any of them; only <see cref="DType"/>'s can be weights.
/// </summary>
internal readonly record struct StoredDType(string Name, int Bits, DType? Usable)
{
    private static readonly StoredDType[] Known =
    [
        new("F32", 32, DType.F32),
        new("F16", 16, DType.F16),
        new("BF16", 16, DType.BF16),
        new("BOOL", 8, null),
        new("F4", 4, null),
        new("F6_E2M3", 6, null),
        new("F6_E3M2", 6, null),
        new("U8", 8, null),
        new("I8", 8, null),
        new("F8_E5M2", 8, null),
        new("F8_E4M3", 8, null),
        new("F8_E8M0", 8, null),
        new("F8_E4M3FNUZ", 8, null),
        new("F8_E5M2FNUZ", 8, null),
        new("I16", 16, null),
        new("U16", 16, null),
        new("I32", 32, null),
        new("U32", 32, null),
        new("C64", 64, null),
        new("F64", 64, null),
        new("I64", 64, null),
        new("U64", 64, null),
    ];

    public static StoredDType? Parse(string name)
    {
        foreach (var dtype in Known)
        {
            if (dtype.Name == name) return dtype;
        }

        return null;
    }
}
