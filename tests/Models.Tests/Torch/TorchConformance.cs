using InferenceServer.Models.Tests.Architectures;
using InferenceServer.Models.Tests.Conformance;

namespace InferenceServer.Models.Tests.Torch;

/// <summary>The GPU engine against PyTorch's own numbers.</summary>
public class TorchGoldenTests() : GoldenConformance(TorchEngine.Create);

/// <summary>The GPU engine against the properties of the seam.</summary>
public class TorchSeamTests() : SeamConformance(TorchEngine.Create, TorchEngine.Tolerance);

/// <summary>The GPU engine against what the methods need.</summary>
public class TorchMethodTests() : MethodConformance(TorchEngine.Create, TorchEngine.Tolerance);

/// <summary>The GPU engine's nets against PyTorch.</summary>
public class TorchNetTests() : NetConformance(TorchEngine.Create);

/// <summary>The GPU engine against the reference.</summary>
public class TorchReferenceAgreementTests() : ReferenceAgreement(TorchEngine.Create);

/// <summary>The GPU engine on trained models.</summary>
public class TorchRealWeightsTests() : RealWeightsConformance(TorchEngine.Create);
