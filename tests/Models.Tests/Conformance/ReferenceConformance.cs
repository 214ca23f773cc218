namespace InferenceServer.Models.Tests.Conformance;

/// <summary>The reference against PyTorch.</summary>
public class ReferenceGoldenTests() : GoldenConformance((spec, pages) => new ReferenceDecoder(spec, pages));

/// <summary>The reference against the properties of the seam.</summary>
public class ReferenceSeamTests() : SeamConformance((spec, pages) => new ReferenceDecoder(spec, pages));

/// <summary>The reference against what the methods need.</summary>
public class ReferenceMethodTests() : MethodConformance((spec, pages) => new ReferenceDecoder(spec, pages));

/// <summary>The reference's nets against PyTorch.</summary>
public class ReferenceNetTests() : NetConformance((spec, pages) => new ReferenceDecoder(spec, pages));
