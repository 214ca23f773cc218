namespace InferenceServer.Models.Tests;

public class SmokeTests
{
    [Fact]
    public void Assembly_loads() => Assert.Equal(2, Environment.ProcessorCount > 0 ? 2 : 0);
}
