using InferenceServer.Models.Tests.Architectures;
using InferenceServer.Models.Tests.Conformance;
using InferenceServer.Models.Torch;
using Microsoft.Extensions.Logging.Abstractions;

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

/// <summary>The GPU engine in many shapes.</summary>
public class TorchShapeTests() : ShapeConformance(TorchEngine.Create);

/// <summary>The GPU engine against steps that must do no harm.</summary>
public class TorchStepTests() : StepConformance(TorchEngine.Create, TorchEngine.Tolerance);

/// <summary>The GPU engine under every program.</summary>
public class TorchEngineTests() : EngineConformance(TorchEngine.Create);

/// <summary>The GPU engine on methods in their published layout.</summary>
public class TorchPublishedMethodTests() : PublishedMethodConformance(TorchEngine.Create);

/// <summary>The bundled checkpoints on the GPU engine.</summary>
public class TorchCheckpointTests() : CheckpointConformance(options => ModelLoader.Load(
    options with { Device = TorchEngine.Name, Accelerator = new AcceleratorOptions { Threads = 1 } }, NullLogger.Instance, engines: [new TorchDecoderSource()]));

/// <summary>Scored prompts on the GPU engine.</summary>
public class TorchScoreTests() : ScoreConformance(options => ModelLoader.Load(
    options with { Device = TorchEngine.Name, Accelerator = new AcceleratorOptions { Threads = 1 } }, NullLogger.Instance, engines: [new TorchDecoderSource()]));
