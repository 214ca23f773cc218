using InferenceServer.Models.Cpu;
using InferenceServer.Models.Tests.Conformance;
using Microsoft.Extensions.Logging.Abstractions;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>The bundled checkpoints on the CPU engine.</summary>
public sealed class CheckpointGoldenTests()
    : CheckpointConformance(options => ModelLoader.Load(options with { Cpu = new CpuOptions { Threads = 1 } }, NullLogger.Instance));
