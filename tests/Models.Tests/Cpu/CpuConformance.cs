using InferenceServer.Models.Cpu;
using InferenceServer.Models.Tests.Conformance;

namespace InferenceServer.Models.Tests.Cpu;

/// <summary>The CPU engine against PyTorch.</summary>
public class CpuGoldenTests() : GoldenConformance((spec, pages) => new CpuDecoder(spec, pages, new CpuOptions { Threads = 2 }));

/// <summary>Every path of this machine against PyTorch, in one thread, with pages that are no multiple of a tile.</summary>
public class CpuPathGoldenTests
{
    public static TheoryData<KernelPath, string> Cases => new MatrixTheoryData<KernelPath, string>(
        CpuPaths.Supported, ["gemma", "gemma-wide", "phi", "phi-norms", "phi3", "phi3-long", "granite", "mistral-window"]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_agree_on_every_path(KernelPath path, string name)
    {
        using var golden = Golden.Open(name);
        using var decoder = new CpuDecoder(golden.Model.Spec, 64, new CpuOptions { Threads = 1, Force = path }, pageTokens: 7);
        var harness = new DecoderHarness(decoder);
        Golden.AssertClose(golden.Logits, harness.Logprobs(harness.Prompt(golden.Tokens)));
    }
}

/// <summary>The widest path against the properties of the seam.</summary>
public class CpuSeamTests() : SeamConformance((spec, pages) => new CpuDecoder(spec, pages, new CpuOptions { Threads = 2 }));

/// <summary>The portable path, in bf16 and with pages that are no multiple of a tile.</summary>
public class CpuPortableSeamTests() : SeamConformance((spec, pages) => new CpuDecoder(
    spec,
    4 * pages,
    new CpuOptions { Threads = 1, Force = KernelPath.Portable, Weights = WeightFormat.BF16 },
    pageTokens: 5));

/// <summary>The CPU engine in many shapes.</summary>
public class CpuShapeTests() : ShapeConformance((spec, pages, pageTokens) => new CpuDecoder(spec, pages, new CpuOptions { Threads = 2 }, pageTokens: pageTokens));

/// <summary>The CPU engine against steps that must do no harm.</summary>
public class CpuStepTests() : StepConformance((spec, pages) => new CpuDecoder(spec, pages, new CpuOptions { Threads = 1 }));

/// <summary>The CPU engine under every program.</summary>
public class CpuEngineTests() : EngineConformance((spec, pages, pageTokens) => new CpuDecoder(spec, pages, new CpuOptions { Threads = 1 }, pageTokens: pageTokens));

/// <summary>The CPU engine on methods in their published layout.</summary>
public class CpuPublishedMethodTests()
    : PublishedMethodConformance((spec, pages, pageTokens) => new CpuDecoder(spec, pages, new CpuOptions { Threads = 1 }, pageTokens: pageTokens));

/// <summary>KV in bf16, with pages that are no multiple of a tile.</summary>
public class CpuBf16KvSeamTests() : SeamConformance((spec, pages) =>
    new CpuDecoder(spec, 4 * pages, new CpuOptions { Threads = 2, Kv = KvFormat.BF16 }, pageTokens: 5));

/// <summary>KV in int8.</summary>
public class CpuInt8KvSeamTests() : SeamConformance((spec, pages) => new CpuDecoder(spec, pages, new CpuOptions { Threads = 2, Kv = KvFormat.Q8 }));
