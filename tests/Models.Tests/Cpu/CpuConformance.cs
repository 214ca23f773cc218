using InferenceServer.Models.Cpu;
using InferenceServer.Models.Tests.Conformance;

namespace InferenceServer.Models.Tests.Cpu;

/// <summary>The CPU engine against PyTorch.</summary>
public class CpuGoldenTests() : GoldenConformance((spec, pages) => new CpuDecoder(spec, pages, new CpuOptions { Threads = 2 }));

/// <summary>The widest path against the properties of the seam.</summary>
public class CpuSeamTests() : SeamConformance((spec, pages) => new CpuDecoder(spec, pages, new CpuOptions { Threads = 2 }));

/// <summary>The portable path, in bf16 and with pages that are no multiple of a tile.</summary>
public class CpuPortableSeamTests() : SeamConformance((spec, pages) => new CpuDecoder(
    spec,
    4 * pages,
    new CpuOptions { Threads = 1, Force = KernelPath.Portable, Weights = WeightFormat.BF16 },
    pageTokens: 5));
