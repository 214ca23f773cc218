using InferenceServer.Models.Cpu;
using InferenceServer.Models.Tests.Architectures;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>The CPU engine against what the methods need.</summary>
public class CpuMethodTests() : MethodConformance((spec, pages) => new CpuDecoder(spec, pages, new CpuOptions { Threads = 2 }));

/// <summary>The CPU engine's nets against PyTorch.</summary>
public class CpuNetTests() : NetConformance((spec, pages) => new CpuDecoder(spec, pages, new CpuOptions { Threads = 2 }));

/// <summary>The CPU engine against the reference.</summary>
public class CpuReferenceAgreementTests() : ReferenceAgreement((spec, pages) => new CpuDecoder(spec, pages, new CpuOptions { Threads = 2 }));

/// <summary>The CPU engine on trained models.</summary>
public class CpuRealWeightsTests() : RealWeightsConformance((spec, pages) => new CpuDecoder(spec, pages, new CpuOptions { Threads = 2 }));
